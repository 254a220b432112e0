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
    if piece is None or (request.replaces is not None and piece.status == "available"):
        # Out of the stock, or the sale was taken back: then her message is answered as any other.
        return None
    told = Answer(cited=[piece.sku])
    if request.held_now is not None:
        if request.line_place is None or request.line_place < 1:
            told.parts.append(voice.say("held_now", of=piece))
        else:
            told.parts.append(voice.say("line_next" if request.line_place == 1 else "line_waiting", of=piece))
    elif request.offered_now is not None:
        told.parts.append(voice.say("offered_now" if piece.status == "available" else "offered_held", of=piece))
    else:
        instead = similar_to(piece, reader, voice)
        told.parts.append(voice.say("replaced" if piece.status == "sold" else "held", of=piece))
        told.add(instead)
    return told
