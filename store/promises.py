"""What a reply says of the stock, read again: whether it may still leave."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple


def promise_broken(db: sqlite3.Connection, promises: Sequence[Mapping[str, Any]], conversation_id: int) -> str | None:
    """Returns why a reply that offers these pieces may not leave any more, in the owner's words, or None.

    `promises` are [{"sku", "revision"}] as the draft saw them. A piece on hold for this very customer is hers; what
    is sold, reserved or held for anybody else, and what says something else by now, breaks the promise. With `held`
    it must be on hold for her; with `unmoved` it was on hold for whomever, and must be so still.
    """
    for promise in promises:
        row = db.execute(
            "SELECT i.id, i.sku, i.name, i.status, i.revision, i.facts_revision, (SELECT conversation_id FROM holds"
            "  WHERE item_id = i.id AND state = 'active') AS holder FROM items i WHERE i.sku = ?",
            (str(promise["sku"]),),
        ).fetchone()
        if row is None:
            return f"{promise['sku']} is not in the stock any more"
        why = _why_broken(row, promise, conversation_id)
        if why is not None:
            return f"{row['sku']} {row['name']} {why}"
        seen = promise.get("revision")
        if seen is not None and row["facts_revision"] > int(seen):
            return f"{row['sku']} {row['name']} was changed since the reply was written: {_last_change(db, row['id'])}"
    return None


class Named(NamedTuple):
    """A piece that a text names, and where: `start` and `end` are characters of the text."""

    sku: str
    start: int
    end: int


def named_in(db: sqlite3.Connection, text: str) -> list[Named]:
    """Returns the pieces, sold ones too, whose SKU or whole name stands in a text.

    What is shorter than four characters is passed over: a SKU of "45" would be in every price. Of a name within a
    longer one only the longer is meant.
    """
    rows = db.execute(
        "SELECT sku, name FROM items WHERE instr(lower(:text), lower(sku)) OR instr(lower(:text), lower(name))",
        {"text": text},
    )
    found = [
        Named(row["sku"], *span) for row in rows for words in (row["sku"], row["name"]) for span in _spans(text, words)
    ]
    whole = {(one.start, one.end) for one in found}
    return [
        one
        for one in found
        if not any((a, b) != (one.start, one.end) and a <= one.start and one.end <= b for a, b in whole)
    ]


def _spans(text: str, words: str | None) -> list[tuple[int, int]]:
    if words is None or len(words) <= 3:
        return []
    return [match.span() for match in re.finditer(rf"(?<!\w){re.escape(words)}(?!\w)", text, re.IGNORECASE)]


def _why_broken(row: sqlite3.Row, promise: Mapping[str, Any], conversation_id: int) -> str | None:
    hers = row["holder"] == conversation_id
    if row["status"] == "sold":
        return "was sold"
    if promise.get("unmoved"):
        seen = promise.get("revision")
        if row["status"] != "held" or (seen is not None and row["revision"] > seen >= row["facts_revision"]):
            return "is not on hold as it was"
        return None
    if row["status"] == "held" and not hers:
        return "is on hold" if row["holder"] is None else "is on hold for somebody else"
    if row["status"] == "reserved":
        return "is reserved"
    return "is not on hold for her any more" if promise.get("held") and not hers else None


def _last_change(db: sqlite3.Connection, item_id: int) -> str:
    row = db.execute(
        "SELECT why FROM journal WHERE subject = 'item' AND subject_id = ? AND what = 'edit' ORDER BY id DESC LIMIT 1",
        (item_id,),
    ).fetchone()
    return "its listing" if row is None or not row["why"] else str(row["why"])
