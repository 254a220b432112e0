"""The stock: every piece exists once, and every change of one is in the journal and counts its revision up.

Status: available → held (an active hold) → available · reserved, by the owner, for somebody outside of the inbox ·
sold, at its commit. Only `sell`, `move` and the holds change it, so that no edit can sell or un-sell in passing.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from store import journal
from store.errors import NotAllowed, NotFound, Stale
from store.listing import COLUMNS, STATED, stored
from store.promises import named_in as named_in  # noqa: PLC0414  # the sender asks the stock for it
from store.promises import promise_broken as promise_broken  # noqa: PLC0414  # the sender asks the stock for it
from store.stock import Piece, Status, in_unit, money

COLUMN_LIST: Final = (
    "id, sku, name, brand, category, size_label, price_cents, currency, measurements, color, era, condition, material,"
    " fit_note, tags, description, status, revision"
)
"""What `piece_from_row` reads."""

BATCH: Final = 500
"""Names in one `IN (…)`: far below SQLite's limit of bound values."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """A hold or a place in a line that a sale ended."""

    conversation_id: int
    was: str
    """active or waiting."""
    bought: bool
    """Whether this customer is the one who got the piece."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sale:
    """A piece that was sold, and whose holds that ended, the holder first, then the line in its order."""

    piece: Piece
    ended: tuple[Ended, ...] = ()


def piece_from_row(row: sqlite3.Row) -> Piece:
    """Reads a piece from a row that holds `COLUMN_LIST`."""
    return Piece(
        id=row["id"],
        sku=row["sku"],
        name=row["name"],
        brand=row["brand"],
        category=row["category"],
        size=row["size_label"],
        price_cents=row["price_cents"],
        currency=row["currency"],
        measurements=json.loads(row["measurements"]),
        color=row["color"],
        era=row["era"],
        condition=row["condition"],
        material=row["material"],
        fit_note=row["fit_note"],
        tags=tuple(str(row["tags"]).split()),
        description=row["description"],
        status=row["status"],
        revision=row["revision"],
    )


def get(db: sqlite3.Connection, sku: str) -> Piece | None:
    """Returns the piece of exactly this SKU, or None."""
    row = db.execute(f"SELECT {COLUMN_LIST} FROM items WHERE sku = ?", (sku,)).fetchone()
    return None if row is None else piece_from_row(row)


def find(db: sqlite3.Connection, sku: str) -> Piece:
    """Returns the piece the owner means: capitals do not matter unless two pieces differ by them. Raises NotFound."""
    wanted = sku.strip()
    piece = get(db, wanted)
    if piece is not None:
        return piece
    rows = db.execute(
        f"SELECT {COLUMN_LIST} FROM items WHERE sku = ? COLLATE NOCASE LIMIT 2",
        (wanted,),
    ).fetchall()
    if len(rows) != 1:
        raise NotFound(f"There is no piece {wanted!r} in the stock. philia items list shows what there is.")
    return piece_from_row(rows[0])


def get_many(db: sqlite3.Connection, skus: Iterable[str]) -> list[Piece]:
    """Returns the pieces in the order asked for; a SKU that is not there is left out."""
    wanted = list(dict.fromkeys(skus))
    found: dict[str, Piece] = {}
    for start in range(0, len(wanted), BATCH):
        part = wanted[start : start + BATCH]
        marks = ", ".join("?" * len(part))
        for row in db.execute(f"SELECT {COLUMN_LIST} FROM items WHERE sku IN ({marks})", part):
            found[row["sku"]] = piece_from_row(row)
    return [found[sku] for sku in wanted if sku in found]


def by_id(db: sqlite3.Connection, item_id: int) -> Piece:
    """Returns the piece of this row. Raises NotFound."""
    row = db.execute(f"SELECT {COLUMN_LIST} FROM items WHERE id = ?", (item_id,)).fetchone()
    if row is None:
        raise NotFound(f"There is no piece with the number {item_id} in the stock.")
    return piece_from_row(row)


def by_post(db: sqlite3.Connection, post_id: str) -> Piece | None:
    """Returns the piece that a TikTok post shows, or None."""
    row = db.execute("SELECT item_id FROM item_posts WHERE post_id = ?", (post_id.strip(),)).fetchone()
    return None if row is None else by_id(db, int(row["item_id"]))


def count(db: sqlite3.Connection, *, status: Status | None = None) -> int:
    """Returns how many pieces there are, of one status or of all."""
    row = db.execute("SELECT count(*) FROM items WHERE :status IS NULL OR status = :status", {"status": status})
    return int(row.fetchone()[0])


def page(
    db: sqlite3.Connection, *, status: Status | None = None, limit: int = -1, after: str | None = None
) -> list[Piece]:
    """Returns pieces in the order of their SKUs, from the one after `after` on; -1 is all of them."""
    rows = db.execute(
        f"SELECT {COLUMN_LIST} FROM items WHERE (:status IS NULL OR status = :status)"
        " AND (:after IS NULL OR sku > :after) ORDER BY sku LIMIT :limit",
        {"status": status, "after": after, "limit": limit},
    )
    return [piece_from_row(row) for row in rows]


def photos(db: sqlite3.Connection, sku: str) -> list[str]:
    """Returns the paths and addresses of a piece's photos. Raises NotFound."""
    row = db.execute("SELECT photos FROM items WHERE id = ?", (find(db, sku).id,)).fetchone()
    return [str(entry) for entry in json.loads(row["photos"])]


def posts(db: sqlite3.Connection, sku: str) -> list[str]:
    """Returns the ids of the TikTok posts that show a piece. Raises NotFound."""
    rows = db.execute("SELECT post_id FROM item_posts WHERE item_id = ? ORDER BY post_id", (find(db, sku).id,))
    return [str(row["post_id"]) for row in rows]


def add(
    db: sqlite3.Connection,
    sku: str,
    values: Mapping[str, Any],
    *,
    now: int,
    who: str,
    status: Status = "available",
) -> Piece:
    """Adds a piece; `values` are columns of `store.listing.COLUMNS`, as its readers return them.

    Raises NotAllowed when the SKU is taken, when the name is missing, or for a column that a piece does not have.
    """
    if get(db, sku) is not None:
        raise NotAllowed(f"There is a piece {sku} already. Change it with: philia items edit {sku}")
    if not values.get("name") or not sku.strip():
        raise NotAllowed("A piece needs a SKU and a name.")
    columns = _known(values)
    kept = {column: stored(column, given) for column, given in values.items()}
    cursor = db.execute(
        f"INSERT INTO items (sku, status, created_at, updated_at, sold_at, {', '.join(columns)})"
        f" VALUES (?, ?, ?, ?, ?, {', '.join('?' * len(columns))})",
        (sku, status, now, now, now if status == "sold" else None, *(kept[column] for column in columns)),
    )
    item_id = int(cursor.lastrowid or 0)
    journal.note(db, now=now, who=who, what="add", subject="item", subject_id=item_id, new=status, why=sku)
    return by_id(db, item_id)


def edit(
    db: sqlite3.Connection,
    sku: str,
    values: Mapping[str, Any],
    *,
    now: int,
    who: str,
    seen_revision: int | None = None,
) -> Piece:
    """Changes what a piece is said to be; what is the same already changes nothing.

    `seen_revision` is the one the owner was looking at: Stale when another change came in between. Raises NotFound,
    and NotAllowed for a name left empty or a column that a piece does not have.
    """
    before = find(db, sku)
    if seen_revision is not None and before.revision != seen_revision:
        raise Stale(f"{before.sku} was changed meanwhile, by you elsewhere or by an import. Look again, then edit.")
    _known(values)
    if "name" in values and not values["name"]:
        raise NotAllowed(f"{before.sku} cannot be left without a name.")
    row = db.execute("SELECT * FROM items WHERE id = ?", (before.id,)).fetchone()
    changed = {
        column: kept
        for column, given in values.items()
        if (kept := stored(column, given)) != str_or_number(row[column])
    }
    if not changed:
        return before
    why = "; ".join(told(column, row[column], kept, row["currency"]) for column, kept in changed.items())
    db.execute(
        f"UPDATE items SET {', '.join(f'{column} = ?' for column in changed)}, revision = revision + 1,"
        " facts_revision = CASE WHEN ? THEN revision + 1 ELSE facts_revision END, updated_at = ? WHERE id = ?",
        (*changed.values(), not STATED.isdisjoint(changed), now, before.id),
    )
    journal.note(db, now=now, who=who, what="edit", subject="item", subject_id=before.id, why=why)
    return by_id(db, before.id)


def _known(values: Mapping[str, Any]) -> list[str]:
    unknown = [column for column in values if column not in COLUMNS]
    if unknown:
        raise NotAllowed(f"A piece has no {', '.join(unknown)}; it has {', '.join(COLUMNS)}.")
    return list(values)


def str_or_number(given: Any) -> str | int | None:
    """Returns a column's content as it compares with `stored`."""
    return given if isinstance(given, int) or given is None else str(given)


def told(column: str, old: Any, new: Any, currency: str) -> str:
    """Writes a change as the journal and the dry run tell it; long texts are only named."""
    if column == "price_cents":
        return f"price {_price(old, currency)} → {_price(new, currency)}"
    if column in {"description", "photos", "tags"}:
        return f"{column} rewritten" if old not in {"", "[]"} else f"{column} written"
    if column == "measurements":
        return f"measurements {_lengths(old)} → {_lengths(new)}"
    return f"{column} {old or 'empty'} → {new or 'empty'}"


def _price(amount: int | None, currency: str) -> str:
    return "none" if amount is None else f"{money(amount)} {currency}"


def _lengths(text: str) -> str:
    return ", ".join(f"{kind} {in_unit(mm, 'cm'):g} cm" for kind, mm in json.loads(text).items()) or "none"


def move(db: sqlite3.Connection, piece: Piece, status: Status, *, now: int, who: str, why: str) -> Piece:
    """Moves a piece to another status, with its journal entry; the holds are the caller's to keep true."""
    if piece.status == status:
        return piece
    db.execute(
        "UPDATE items SET status = ?, revision = revision + 1, updated_at = ?, sold_at = ? WHERE id = ?",
        (status, now, now if status == "sold" else None, piece.id),
    )
    journal.note(
        db, now=now, who=who, what=status if status == "sold" else "status", subject="item", subject_id=piece.id,
        old=piece.status, new=status, why=why,
    )  # fmt: skip
    return replace(piece, status=status, revision=piece.revision + 1)


def sell(
    db: sqlite3.Connection,
    sku: str,
    *,
    now: int,
    who: str,
    buyer: int | None = None,
    elsewhere: bool = False,
    why: str = "sold",
) -> Sale:
    """Marks a piece sold and ends every hold on it in the same commit.

    `buyer` is the conversation that got it; without one it is whoever held it, unless it was sold `elsewhere`. Her hold
    ends as `sold`, everybody else's as `released`. Raises NotFound, and NotAllowed when it is sold already.
    """
    piece = find(db, sku)
    if piece.status == "sold":
        raise NotAllowed(
            f"{piece.sku} is sold already. To take that back: philia items edit {piece.sku} --status available"
        )
    if buyer is not None and db.execute("SELECT 1 FROM conversations WHERE id = ?", (buyer,)).fetchone() is None:
        raise NotFound(f"There is no conversation {buyer}. philia inbox list shows them.")
    rows = db.execute(
        "SELECT id, conversation_id, state FROM holds WHERE item_id = ? AND state IN ('active', 'waiting')"
        " ORDER BY state, id",
        (piece.id,),
    ).fetchall()
    if buyer is None and not elsewhere:
        buyer = next((int(row["conversation_id"]) for row in rows if row["state"] == "active"), None)
    ended = []
    for row in rows:
        bought = row["conversation_id"] == buyer
        state = "sold" if bought else "released"
        db.execute(
            "UPDATE holds SET state = ?, ended_at = ?, ended_reason = ? WHERE id = ?",
            (state, now, "she bought it" if bought else "it was sold", row["id"]),
        )
        journal.note(
            db, now=now, who=who, what="hold", subject="hold", subject_id=row["id"],
            conversation=row["conversation_id"], old=row["state"], new=state, why=f"{piece.sku} was sold",
        )  # fmt: skip
        ended.append(Ended(conversation_id=row["conversation_id"], was=row["state"], bought=bought))
    if buyer is not None and not any(end.bought for end in ended):
        # Kept as a hold that ended at once, so that her thread can say what she has bought.
        cursor = db.execute(
            "INSERT INTO holds (item_id, conversation_id, state, hours, created_at, ended_at, ended_reason)"
            " VALUES (?, ?, 'sold', 0, ?, ?, 'she bought it')",
            (piece.id, buyer, now, now),
        )
        journal.note(
            db, now=now, who=who, what="hold", subject="hold", subject_id=cursor.lastrowid, conversation=buyer,
            new="sold", why=f"{piece.sku} was sold",
        )  # fmt: skip
    return Sale(piece=move(db, piece, "sold", now=now, who=who, why=why), ended=tuple(ended))


def reopen(db: sqlite3.Connection, piece: Piece, status: Status, *, now: int, who: str, why: str) -> Piece:
    """Takes a sale back: the piece has another status again, and nobody counts as its buyer."""
    for row in db.execute("SELECT id, conversation_id FROM holds WHERE item_id = ? AND state = 'sold'", (piece.id,)):
        journal.note(
            db, now=now, who=who, what="hold", subject="hold", subject_id=row["id"],
            conversation=row["conversation_id"], old="sold", new="released",
            why=f"the sale of {piece.sku} was taken back",
        )  # fmt: skip
    db.execute(
        "UPDATE holds SET state = 'released', ended_reason = 'the sale was taken back'"
        " WHERE item_id = ? AND state = 'sold'",
        (piece.id,),
    )
    return move(db, piece, status, now=now, who=who, why=why)


def sold_at(db: sqlite3.Connection, piece: Piece) -> int:
    """Returns when a piece was sold; 0 when it is not."""
    return int(db.execute("SELECT coalesce(sold_at, 0) FROM items WHERE id = ?", (piece.id,)).fetchone()[0])


def stated_since(db: sqlite3.Connection, piece: Piece, revision: int) -> bool:
    """Tells whether something that a reply may state of a piece has changed since a revision of it."""
    row = db.execute("SELECT facts_revision > ? FROM items WHERE id = ?", (revision, piece.id)).fetchone()
    return bool(row[0])


def map_post(db: sqlite3.Connection, sku: str, post_id: str, *, now: int, who: str) -> Piece:
    """Notes that a TikTok post shows this piece, so that the shared post means it; a post shows one piece at a time."""
    piece = find(db, sku)
    wanted = post_id.strip()
    if not wanted:
        raise NotAllowed("The post's id is empty. It is the number at the end of its address.")
    db.execute(
        "INSERT INTO item_posts (post_id, item_id) VALUES (?, ?)"
        " ON CONFLICT (post_id) DO UPDATE SET item_id = excluded.item_id",
        (wanted, piece.id),
    )
    journal.note(db, now=now, who=who, what="post", subject="item", subject_id=piece.id, why=f"post {wanted}")
    return piece


def unmap_post(db: sqlite3.Connection, post_id: str, *, now: int, who: str) -> None:
    """Forgets which piece a post shows. Raises NotFound when it was not known."""
    piece = by_post(db, post_id)
    if piece is None:
        raise NotFound(f"No piece is known for the post {post_id}.")
    db.execute("DELETE FROM item_posts WHERE post_id = ?", (post_id.strip(),))
    journal.note(db, now=now, who=who, what="post", subject="item", subject_id=piece.id, why=f"not post {post_id}")
