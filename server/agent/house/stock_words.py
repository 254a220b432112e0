"""Answers about pieces: whether one is there, what it costs, what it measures, which ones there are."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from server.agent.house.answer import Answer
from server.agent.house.asks import Ask, asks_of, parts_of
from server.agent.house.find import Meant, Reader, last_reply, meant, words_of
from server.agent.house.say import Part, Voice
from server.agent.intents import Reading, within
from server.agent.phrasebook import STOCK_INTENTS, phrasebook
from server.agent.port import DraftRequest
from server.agent.untrusted import clean, injection_signals
from store.stock import Piece

_FIRST_KINDS: Final = ("pit_to_pit", "waist", "length", "inseam", "insole", "width", "height", "brim", "circumference")
"""What is told first when a customer asks how big a piece is."""

_WIDELY: Final = ("jacket", "tee", "jeans", "bag", "boots")
"""Where brands are looked for when no garment is named."""
_LONGEST_DETAIL: Final = 80
_FIGURES: Final = re.compile(r"\d+(?:\.\d+)?")
_LETTERS: Final = re.compile(r"[a-z]+")


def answer(wanted: Sequence[str], reading: Reading, request: DraftRequest, reader: Reader, voice: Voice) -> Answer:
    """Returns what the stock says to the message; empty when it asks nothing of the stock."""
    told = Answer()
    asked = [intent for intent in wanted if intent in STOCK_INTENTS]
    asks = asks_of(reading.text, voice.book, _beside_the_stock)
    if not asked:
        worth = asks[0].skus or request.shared or (reading.primary == "other" and asks[0].sayable)
        if not worth:
            return told
        asked = ["availability"]
    if not {"availability", "browse"} & set(asked):
        # "would a medium fit me?" is about the piece they talk of, not about every medium.
        asks = tuple(ask if ask.names_something else replace(ask, pronoun=True) for ask in asks)
    said = last_reply(request)
    results = [
        (part, meant(part, reader, request.shared, request.discussed, said))
        for ask in asks
        for part in _parted(ask, reader, voice)
    ]
    if len(results) > 1 and any(result.unnamed for _, result in results):
        results = [(ask, result) for ask, result in results if not result.unnamed] or results[:1]
    found = [result for _, result in results if result.pieces]
    for number, (ask, result) in enumerate(results):
        if found and not result.pieces and not ask.sayable:
            # Beside a piece that was found, "couldn't find anything like that" would be read as said of it.
            told.hold("not_found")
            continue
        told.add(
            _about(
                ask,
                result,
                asked,
                reading,
                request,
                reader,
                replace(voice, seed=voice.seed + number),
                last=number == len(results) - 1,
                several=len(results) > 1,
            )
        )
    if voice.book.both.search(reading.text):
        told.parts.append(_together([result.pieces[0] for result in found if len(result.pieces) == 1], voice))
    return told


def _parted(ask: Ask, reader: Reader, voice: Voice) -> tuple[Ask, ...]:
    """Returns the asks that "the biker jacket and the overcoat" is, when the stock has each of them and no such one."""
    parts = parts_of(ask, voice.book) if not ask.skus else ()
    if not parts or _there(ask, reader):
        return (ask,)
    found = [next((way for way in ways if _there(way, reader)), None) for ways in parts]
    named = tuple(part for part in found if part is not None)
    return named if len(named) == len(parts) else (ask,)


def _there(ask: Ask, reader: Reader) -> bool:
    found = reader.look(ask.query, size=ask.size, every=True)
    return found.exact and bool(found.pieces)


def _together(pieces: Sequence[Piece], voice: Voice) -> Part | None:
    """Says what two pieces cost together, when both can be had."""
    prices = [piece.price_cents for piece in pieces if piece.status == "available" and piece.price_cents is not None]
    if len(pieces) != 2 or len(prices) != 2 or pieces[0].currency != pieces[1].currency:
        return None
    both = voice.price(replace(pieces[0], price_cents=sum(prices)))
    return voice.say("together", price=both) if both else None


def _beside_the_stock(clause: str) -> bool:
    """Tells whether a clause asks of shipping and the like only: its words name no piece."""
    return within(clause) <= {"shipping", "payment", "returns"}


def _about(
    ask: Ask,
    result: Meant,
    asked: Sequence[str],
    reading: Reading,
    request: DraftRequest,
    reader: Reader,
    voice: Voice,
    *,
    last: bool,
    several: bool,
) -> Answer:
    told = Answer()
    if "detail" in asked and not result.certain and _names_of(voice, reading.text) == ["brand"]:
        return _brands(ask, reader, voice)
    if result.unnamed and "browse" in asked:
        told.parts.append(voice.say("browse_question"))
        return told
    if result.unnamed:
        told.parts.append(voice.say("which"))
        told.hold("which")
        return told
    if result.doubt:
        told.parts.append(voice.listed("which_of", result.pieces))
        told.cited.extend(piece.sku for piece in result.pieces)
        told.hold("which")
        return told
    if result.certain and "browse" in asked and not ask.names_something and not ask.pronoun:
        # "what else do you have" beside a piece: others like it.
        return similar_to(result.pieces[0], reader, voice, needed=True)
    if result.certain:
        return one_piece(result.pieces[0], asked, reading.text, request, reader, voice, ask=ask, several=several)
    here = [piece for piece in result.pieces if piece.status == "available"]
    if "detail" in asked and len(here) == 1:
        return one_piece(here[0], asked, reading.text, request, reader, voice, ask=ask, several=several)
    if "detail" in asked and here:
        told.parts.append(voice.listed("which_of", here))
        told.cited.extend(piece.sku for piece in here[:3])
        told.hold("which")
        return told
    if not here:
        told.parts.append(voice.say("none", asked=_asked_for(ask, voice)))
        told.parts.append(voice.say("none_question", needed=False))
        told.hold("not_found")
        return told
    if not result.exact:
        told.parts.append(voice.listed("close", here, at_most=2, asked=_asked_for(ask, voice)))
        told.hold("not_found")
    elif len(here) == 1:
        return one_piece(here[0], asked, reading.text, request, reader, voice, ask=ask, several=several)
    else:
        asked_whether = "availability" in asked and not several and not voice.book.gone_asked.search(reading.text)
        key = "found" if asked_whether else "shown"
        told.parts.append(voice.listed(key, here))
        if last:
            told.parts.append(voice.say("ask_measures", needed=False))
    told.cited.extend(piece.sku for piece in here[:3])
    return told


def one_piece(
    piece: Piece,
    asked: Sequence[str],
    text: str,
    request: DraftRequest,
    reader: Reader,
    voice: Voice,
    *,
    ask: Ask | None = None,
    several: bool = False,
) -> Answer:
    """Returns what is told of one certain piece."""
    told = Answer(cited=[piece.sku])
    if piece.status == "sold":
        # First, so that its name is told apart from theirs.
        instead = similar_to(piece, reader, voice)
        told.parts.append(voice.say("sold", of=piece))
        told.add(instead)
        return told
    if piece.status != "available" and piece.sku not in request.held_for_her:
        told.parts.append(voice.say("held", of=piece))
        told.parts.append(voice.say("held_question", needed=False))
        told.hold("held")
        return told
    price = voice.price(piece)
    opened = False
    if piece.sku in request.held_for_her:
        told.parts.append(voice.say("held_for_her", of=piece))
        opened = True
    elif "availability" in asked or "browse" in asked:
        # A "Yes!" would also answer whether it fits, which nobody knows.
        unsure = {"size", "measurement", "detail"} & set(asked) or (ask is not None and not _as_asked(piece, ask))
        yes = "" if several or voice.book.gone_asked.search(text) or unsure else "yes_"
        if price is not None:
            told.parts.append(voice.say(f"{yes}available_price", of=piece, price=price))
        else:
            told.parts.append(voice.say(f"{yes}available", of=piece))
        opened = True
    if "price" in asked and (not opened or price is None or piece.sku in request.held_for_her):
        if price is None:
            told.parts.append(voice.say("no_price", of=piece))
            told.hold("no_fact", "price")
        else:
            told.parts.append(voice.say("it_price" if opened else "price", of=piece, price=price))
            opened = True
    if "size" in asked or "browse" in asked or ("availability" in asked and "measurement" not in asked):
        opened = _size(piece, told, voice, opened=opened, needed="size" in asked)
    if "size" in asked or "measurement" in asked:
        opened = _measures(
            piece, text, told, voice, opened=opened, fits="size" in asked or bool(voice.book.body.search(text))
        )
    if "detail" in asked:
        opened = _details(piece, text, told, voice, opened=opened)
    if ask is not None and not _as_asked(piece, ask):
        told.parts.append(voice.say("one_of_a_kind", needed=False))
    if opened and not several and piece.sku not in request.held_for_her:
        told.parts.append(voice.say("ask_hold", needed=False, of=piece))
    return told


def _as_asked(piece: Piece, ask: Ask) -> bool:
    """Tells whether the piece has the size and the colour that were asked for: "in a 32", "in black"."""
    wanted = _size_words(ask.size or ask.figure.removeprefix("size ").removeprefix("waist "))
    if not wanted <= _size_words(piece.size):
        return False
    fields = f"{piece.name} {piece.color} {piece.era} {piece.material}"
    return not ask.pronoun or words_of(ask.query) <= words_of(fields)


def _size_words(label: str) -> set[str]:
    """Returns the figures of a size, or its letters when it has none: W34 and 34x32 have 34 in common."""
    return set(_FIGURES.findall(label)) or set(_LETTERS.findall(label.casefold()))


def _names_of(voice: Voice, text: str) -> list[str]:
    """Returns the names of the details that are asked for."""
    named = [name for name, words in voice.book.details.items() if words.asked.search(text)]
    return [name for name in named if name != "condition" or "flaws" not in named]


def _details(piece: Piece, text: str, told: Answer, voice: Voice, *, opened: bool) -> bool:
    """Tells the fields of the row that are asked for; what only eyes can tell is the owner's."""
    named = _names_of(voice, text)
    if not named:
        told.parts.append(voice.say("other"))
        told.hold("not_understood")
    for name in named:
        kind = "condition" if name == "flaws" else name
        value = clean(str(getattr(piece, kind, "")), _LONGEST_DETAIL)
        if kind != "brand":
            value = value[:1].lower() + value[1:]
        part = voice.say(f"{'it' if opened else 'detail'}_{kind}", of=piece, value=value)
        if value and part is not None and not injection_signals(value):
            told.parts.append(part)
            opened = True
            if name == "flaws":
                told.parts.append(voice.say("closer"))
                told.hold("flaws")
            continue
        told.parts.append(voice.say("no_detail", of=piece, detail=voice.book.details[name].word))
        if name in {"photos", "authenticity"}:
            told.hold(name)
        else:
            told.hold("no_fact", kind)
    return opened


def _brands(ask: Ask, reader: Reader, voice: Voice) -> Answer:
    """Returns pieces of different brands: "what brands do you have"."""
    told = Answer()
    shown: dict[str, Piece] = {}
    for query in (ask.query,) if ask.query else _WIDELY:
        here = [piece for piece in reader.look(query).pieces if piece.brand and piece.status == "available"]
        # Of a garment that she named all brands, else one of each: not three jackets.
        for piece in here if ask.query else [piece for piece in here if piece.brand not in shown][:1]:
            shown.setdefault(piece.brand, piece)
    if shown:
        pieces = tuple(shown.values())
        told.parts.append(voice.listed("shown", pieces))
        told.cited.extend(piece.sku for piece in pieces[:3])
    told.parts.append(voice.say("brands_question", needed=not shown))
    return told


def _size(piece: Piece, told: Answer, voice: Voice, *, opened: bool, needed: bool) -> bool:
    sized = voice.sized(piece)
    if sized is not None:
        told.parts.append(voice.say("it_size" if opened else "size", needed=needed, of=piece, sized=sized))
        return True
    if needed and not piece.measurements:
        told.parts.append(voice.say("no_size", of=piece))
        told.hold("no_fact", "size")
    return opened


def _measures(piece: Piece, text: str, told: Answer, voice: Voice, *, opened: bool, fits: bool) -> bool:
    """Tells the measurements asked for, else those that matter first; says openly when the row has none."""
    named = [kind for kind, words in voice.book.kinds.items() if words.asked.search(text)]
    have = [kind for kind in named if kind in piece.measurements]
    kinds = have or [kind for kind in _FIRST_KINDS if kind in piece.measurements][:2] or list(piece.measurements)[:2]
    if len(kinds) == 1:
        kinds = [*kinds, *[kind for kind in _FIRST_KINDS if kind in piece.measurements and kind not in kinds][:1]]
    measures = voice.measures(piece, kinds)
    if measures:
        key = "it_measures" if opened else "measures"
        told.parts.append(voice.say(key, of=piece, measures=measures))
        if named and not have:
            told.parts.append(voice.say("no_kind", kinds=voice.book.kinds[named[0]].word))
            told.hold("no_fact", voice.book.kinds[named[0]].word)
        elif fits:
            told.parts.append(voice.say("compare", needed=False, of=piece))
        return True
    told.parts.append(voice.say("no_measures", of=piece))
    told.hold("no_fact", "measurements")
    return opened


def similar_to(piece: Piece, reader: Reader, voice: Voice, *, needed: bool = False) -> Answer:
    """Returns what to offer instead of a piece that is gone: similar ones, or a question."""
    told = Answer()
    garment = _garment(piece) or piece.category
    near: list[Piece] = []
    for query, size in ((garment, piece.size or None), (f"{piece.brand} {garment}".strip(), None), (garment, None)):
        if query and not near:
            found = reader.look(query, size=size).pieces
            near = [other for other in found if other.sku != piece.sku and other.status == "available"]
    if near:
        told.parts.append(voice.listed("sold_similar", near, at_most=2, needed=needed))
        told.cited.extend(other.sku for other in near[:2])
    else:
        told.parts.append(voice.say("sold_question", needed=needed))
    return told


def _garment(piece: Piece) -> str:
    """Returns the word of its name that says what it is: "windbreaker"."""
    known = phrasebook("en").garments
    words = re.findall(r"[a-z]+(?:-[a-z]+)*", piece.name.casefold().split(",", 1)[0])
    return next((word for word in reversed(words) if word in known), "")


def _asked_for(ask: Ask, voice: Voice) -> str:
    """Says what was looked for in words of the phrasebook only: nothing of a customer's is echoed."""
    if not ask.sayable:
        return voice.book.forms("asked_thing")[0]
    words = " ".join(ask.echo)
    key = "asked_size" if ask.size else "asked_words"
    form = voice.book.forms(key)[0]
    return form.replace("{words}", words).replace("{size}", ask.size or "")
