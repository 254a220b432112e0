"""From a request to a checked draft: pure over the search and the reader of rows that it is given."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from server.agent import intents
from server.agent.evidence import Evidence, Verdict
from server.agent.house import events, shop_words, stock_words
from server.agent.house.answer import Answer
from server.agent.house.asks import asks_of
from server.agent.house.find import Get, Reader, SearchFor, remembering
from server.agent.house.say import LIMIT, Voice, fit, seed_of
from server.agent.phrasebook import OWNER_INTENTS, Phrasebook, phrasebooks
from server.agent.port import Drafted, DraftRequest, Turn

Check = Callable[[str, Evidence, str], Verdict]
Rewrite = Callable[[str, tuple[tuple[int, int], ...]], str]
"""Applies the owner's accepted rules to a text, leaving the given spans as they are."""

HOLDS: Final = {
    "escalation": "The message holds {detail}; that is yours to answer.",
    "complaint": "A complaint is yours to answer.",
    "order_status": "A question about an order; look it up and tell her.",
    "returns": "A return or an exchange is yours to decide.",
    "spam": "This looks like advertising or spam; rejecting the draft sends nothing.",
    "haggling": "She asks for another price; that is yours to decide.",
    "hold": "She asks for a hold; h holds the piece and confirms it.",
    "no_policy": "Your policies do not say anything on {detail}; add it to policies.toml or answer yourself.",
    "no_place": "Your policies do not name the place she asks about; the reply quotes what they do say.",
    "not_found": "Nothing in the stock fits what she asks; the reply says that you are checking.",
    "no_fact": "The row has no {detail}; measure or look it up.",
    "which": "It is not clear which piece she means.",
    "flaws": "She asks about flaws; look the piece over before you send.",
    "photos": "She asks for photos; only you can send them.",
    "authenticity": "She asks whether it is the real thing; the row does not say.",
    "held": "The piece is on hold for somebody else.",
    "media": "She sent {detail} that only you can look at.",
    "not_understood": "The house drafter does not know what she asks.",
    "language": "The message is in no language that the house drafter has a phrasebook for.",
    "instruction": "The house drafter cannot follow this instruction; edit the draft instead.",
    "too_long": "Not all of the answer fits into 200 characters.",
    "unsayable": "What the rows say could not be put so that the check passes it; answer this one yourself.",
    "injection": "The message tries to give the drafter orders ({detail}).",
}
"""Why a draft of the house waits for the owner: a name, and a sentence for her."""


def draft(
    request: DraftRequest,
    search: SearchFor,
    get: Get,
    *,
    languages: Sequence[str] = intents.LANGUAGES,
    check: Check | None = None,
    rewrite: Rewrite | None = None,
) -> Drafted:
    """Returns a checked draft of less than 200 characters; never raises for what a customer wrote.

    `search` and `get` are `store.search.search` and `store.items.get` with their database given. `check` is the
    grounding check, `rewrite` applies the owner's accepted rules (`server.learning`).
    """
    if check is None:
        from server.agent.grounding import check as grounding_check  # noqa: PLC0415  # 60 ms of word lists

        check = grounding_check
    texts = request.unanswered or _last(request.turns)
    reading = intents.read(texts, languages)
    # What gives the drafter orders is not answered; what stands beside it is.
    sound = shop_words.without_orders(texts)
    asked = reading if sound == tuple(texts) else intents.read(sound, languages)
    books = phrasebooks(tuple(languages))
    book = next((known for known in books if known.code == reading.language), books[0])
    wish = _wish(request.instruction, books)
    if wish.language is not None:
        book = next((known for known in books if known.code == wish.language), book)
    seed = seed_of((*texts, request.instruction or ""))
    written = None
    search = remembering(search)
    for careful in range(3):
        reader = Reader(search, get)
        voice = Voice(book, request.unit, seed, careful=careful, known=reader.pieces)
        written = _write(request, reading, asked, reader, voice, wish, check)
        if written.verdict.verdict == "pass":
            break
    if written is None or written.verdict.verdict != "pass":
        written = _acknowledged(written, book, check)
    text, verdict, answer = written.text, written.verdict, written.answer
    if rewrite is not None and verdict.verdict == "pass":
        reworded = rewrite(text, tuple(claim.span for claim in verdict.claims))
        if reworded != text and reworded.strip() and len(reworded) <= LIMIT:
            again = check(reworded, written.evidence, written.question)
            if again.verdict == "pass":
                text, verdict = reworded, again
    if request.instruction and not wish.understood:
        answer.hold("instruction")
    codes = answer.held
    return Drafted(
        text=text,
        drafter="house",
        verdict=verdict,
        evidence=written.evidence,
        intent=reading.primary,
        intents=reading.intents,
        language=book.code if reading.language != "und" else "und",
        needs_owner=bool(codes),
        hold_reason=_reason(codes[0]) if codes else None,
        cited_skus=tuple(dict.fromkeys(answer.cited)),
    )


@dataclass(frozen=True, slots=True)
class _Written:
    text: str
    verdict: Verdict
    answer: Answer
    evidence: Evidence
    question: str


def _write(
    request: DraftRequest,
    reading: intents.Reading,
    asked: intents.Reading,
    reader: Reader,
    voice: Voice,
    wish: _Wish,
    check: Check,
) -> _Written:
    """Answers, fits the answer into one message and has it checked."""
    event = events.answer(request, reader, voice)
    answer = event if event is not None else _answer(request, reading, asked, reader, voice, wish.adds)
    # Of two pieces that were not found, that is said once.
    said = dict.fromkeys(part for part in answer.parts if part is not None)
    parts = [part for part in said if part.needed or not wish.shorter]
    text, complete = fit(parts, LIMIT)
    if not text:
        text, complete = fit([voice.say("other")], LIMIT)[0], False
    if not complete:
        answer.hold("too_long")
    evidence = Evidence(
        pieces=tuple(reader.pieces.values()),
        policies=dict(request.policies),
        searches=tuple(reader.searches),
        currency=request.currency,
        unit=request.unit,
        held_for_her=request.hers,
    )
    # What an event tells was not asked: a "yes" in it would answer nobody.
    question = "" if event is not None else "\n".join(request.unanswered or _last(request.turns))
    return _Written(text, check(text, evidence, question), answer, evidence, question)


def _acknowledged(written: _Written | None, book: Phrasebook, check: Check) -> _Written:
    """Returns an acknowledgement in place of what did not pass, with the same evidence and the pieces it was about."""
    text, _ = fit([Voice(book).say("other")], LIMIT)
    evidence = written.evidence if written is not None else Evidence()
    answer = Answer(cited=written.answer.cited if written is not None else [])
    answer.hold("unsayable")
    return _Written(text, check(text, evidence, ""), answer, evidence, "")


def _last(turns: Sequence[Turn]) -> tuple[str, ...]:
    return tuple(turn.text for turn in turns if turn.role == "user")[-1:]


def _reason(held: tuple[str, str]) -> str:
    code, detail = held
    return f"{code}: {HOLDS[code].replace('{detail}', detail)}"


def _answer(
    request: DraftRequest,
    reading: intents.Reading,
    asked: intents.Reading,
    reader: Reader,
    voice: Voice,
    adds: tuple[str, ...],
) -> Answer:
    """`reading` is of the whole message, `asked` of what gives no orders to the drafter."""
    media = _media(request.turns, posts_known=bool(request.shared))
    said = [text for text in request.unanswered if text.strip()]
    if media and not said and not request.shared:
        answer = Answer([voice.say("media")])
        answer.hold("media", media)
        return answer
    if reading.escalations:
        # "Is this a scam?" is nothing to be sorry for.
        wronged = reading.primary == "complaint" and set(reading.escalations) != {"an accusation"}
        key = "complaint" if wronged else "escalation"
        answer = Answer([voice.say(key)])
        answer.hold("escalation", ", ".join(reading.escalations))
        return answer
    wanted = tuple(dict.fromkeys((*asked.intents, *adds)))
    if wanted == ("other",) and said and _bare(said[-1], asked, reader, voice.book):
        # "gucci belt?" asks whether there is one, and so does "nike" in a shop that has some.
        wanted = ("availability",)
    if not said and request.shared:
        # A shared post without a word asks whether the piece is there.
        wanted = ("availability", *[intent for intent in wanted if intent != "other"])
    owner = [intent for intent in reading.intents if intent in OWNER_INTENTS]
    if owner:
        answer = shop_words.for_owner(owner[0], reading, request, reader, voice)
    else:
        answer = Answer()
        answer.add(stock_words.answer(wanted, asked, request, reader, voice))
        answer.add(shop_words.policies(asked, request, voice))
        if not answer.parts:
            answer = shop_words.small_talk(asked, request, voice)
    if reading.language == "und":
        answer.hold("language")
    if media:
        answer.hold("media", media)
    signals = shop_words.injections(said)
    if signals:
        answer.held.insert(0, ("injection", ", ".join(signals)))
    return answer


_BARE_WORDS: Final = 5


def _bare(text: str, reading: intents.Reading, reader: Reader, book: Phrasebook) -> bool:
    """Tells whether the message is no more than a garment with a question mark, or words that the stock has."""
    words = intents.plain(text).replace("?", " ").split()
    return (
        reading.language == book.code
        and 0 < len(words) <= _BARE_WORDS
        and ((text.rstrip().endswith("?") and words[-1] in book.garments) or _in_stock(reading.text, reader, book))
    )


def _in_stock(text: str, reader: Reader, book: Phrasebook) -> bool:
    asks = asks_of(text, book)
    found = [reader.look(ask.query, size=ask.size) for ask in asks if ask.names_thing and not ask.pointing]
    return len(found) == len(asks) and all(one.exact and one.pieces and not one.corrected for one in found)


_POSTS: Final = frozenset({"share_post", "post"})
_SEEN_KINDS: Final = frozenset({"text", "", "link", *_POSTS})


def _media(turns: Sequence[Turn], *, posts_known: bool) -> str:
    """Names what came besides text since our last reply, or ""."""
    burst: list[Turn] = []
    for turn in reversed(turns):
        if turn.role != "user":
            break
        burst.append(turn)
    kinds = dict.fromkeys(turn.kind.lower() for turn in reversed(burst) if turn.kind.lower() not in _SEEN_KINDS)
    named = [f"a {kind}" if kind.isalpha() else "something" for kind in kinds]
    if not posts_known and any(turn.kind.lower() in _POSTS for turn in burst):
        named.append("a post that shows no piece of the stock")
    return ", ".join(named)


class _Wish:
    """What the owner's instruction asks of the wording, as far as the house drafter understands it."""

    def __init__(self) -> None:
        self.shorter = False
        self.plain = False
        self.language: str | None = None
        self.adds: tuple[str, ...] = ()
        self.understood = False


def _wish(instruction: str | None, books: Sequence[Phrasebook]) -> _Wish:
    wish = _Wish()
    if not instruction:
        return wish
    text = intents.plain(instruction)
    named = {name for book in books for name, pattern in book.instructions.items() if pattern.search(text)}
    wish.understood = bool(named)
    wish.shorter = "shorter" in named
    wish.plain = "plain" in named
    for name, code in (("spanish", "es"), ("english", "en")):
        if name in named:
            wish.language = code
    adds = (("measurements", "measurement"), ("price", "price"))
    wish.adds = tuple(intent for name, intent in adds if name in named)
    return wish
