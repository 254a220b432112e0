"""What the program itself wants told: a hold made, a place in line, a piece set free, a piece sold."""

from __future__ import annotations

from server.agent.house.answer import Answer
from server.agent.house.find import Reader
from server.agent.house.say import Voice
from server.agent.house.stock_words import similar_to
from server.agent.port import DraftRequest


def answer(request: DraftRequest, reader: Reader, voice: Voice) -> Answer | None:
    """Returns what is to be told of an event, or None when there is none."""
    sku = request.held_now or request.offered_now or request.replaces
    if sku is None:
        return None
    piece = reader.one(sku)
    if piece is None:
        told = Answer([voice.say("other")])
        told.hold("not_found")
        return told
    told = Answer(cited=[piece.sku])
    if request.held_now is not None:
        if request.line_place is None or request.line_place < 1:
            told.parts.append(voice.say("held_now", of=piece))
        else:
            told.parts.append(voice.say("line_next" if request.line_place == 1 else "line_waiting", of=piece))
    elif request.offered_now is not None:
        told.parts.append(voice.say("offered_now", of=piece))
    else:
        told.parts.append(voice.say("replaced", of=piece))
        told.add(similar_to(piece, reader, voice))
    return told
