"""Answers about pieces: whether one is there, what it costs, what it measures, which ones there are."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from server.agent.house.answer import Answer
from server.agent.house.asks import Ask, asks_of
from server.agent.house.find import Meant, Reader, last_reply, meant
from server.agent.house.say import Voice
from server.agent.intents import Reading, within
from server.agent.phrasebook import STOCK_INTENTS, phrasebook
from server.agent.port import DraftRequest
from store.stock import Piece

_FIRST_KINDS: Final = ("pit_to_pit", "waist", "length", "inseam", "insole", "width", "height", "brim", "circumference")
"""What is told first when a customer asks how big a piece is."""


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
    results = [(ask, meant(ask, reader, request.shared, request.discussed, last_reply(request))) for ask in asks]
    if len(results) > 1 and any(result.unnamed for _, result in results):
        results = [(ask, result) for ask, result in results if not result.unnamed] or results[:1]
    for number, (ask, result) in enumerate(results):
        told.add(
            _about(
                ask,
                result,
                asked,
                reading,
                request,
                reader,
                voice,
                last=number == len(results) - 1,
                several=len(results) > 1,
            )
        )
    return told


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
        return one_piece(result.pieces[0], asked, reading.text, request, reader, voice, several=several)
    here = [piece for piece in result.pieces if piece.status == "available"]
    if not here:
        told.parts.append(voice.say("none", asked=_asked_for(ask, voice)))
        told.parts.append(voice.say("none_question", needed=False))
        told.hold("not_found")
        return told
    if not result.exact:
        told.parts.append(voice.listed("close", here, at_most=2, asked=_asked_for(ask, voice)))
        told.hold("not_found")
    elif len(here) == 1:
        return one_piece(here[0], asked, reading.text, request, reader, voice, several=several)
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
        yes = "" if several or voice.book.gone_asked.search(text) or {"size", "measurement"} & set(asked) else "yes_"
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
        opened = _measures(piece, text, told, voice, opened=opened)
    if opened and piece.sku not in request.held_for_her:
        told.parts.append(voice.say("ask_hold", needed=False, of=piece))
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


def _measures(piece: Piece, text: str, told: Answer, voice: Voice, *, opened: bool) -> bool:
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
        else:
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
