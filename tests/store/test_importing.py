"""Stock files: told before they are taken, taken whole or not at all, wrong rows named by their lines."""

from __future__ import annotations

import json
import random
import sqlite3
from pathlib import Path

import pytest

from store import importing, items
from store.database import connect, transaction
from store.errors import ImportRefused, StoreError
from store.importing import Difference, StockFile
from tests.store.stock_rows import HEADER, csv_text, entries, file, hold_rows, piece, row, statuses


def read(path: Path, **how: object) -> StockFile:
    return importing.read_file(path, **{"unit": "in", "currency": "USD", **how})  # type: ignore[arg-type]


def take(db: sqlite3.Connection, path: Path, *, reopen: bool = False, **how: object) -> Difference:
    with transaction(db):
        return importing.apply(db, read(path, **how), now=5, who="owner", reopen=reopen)


def refused(db: sqlite3.Connection, path: Path) -> list[tuple[int, str]]:
    with pytest.raises(ImportRefused) as caught:
        take(db, path)
    return caught.value.rows


def dump(db: sqlite3.Connection) -> list[tuple[object, ...]]:
    return [tuple(found) for table in ("items", "journal", "holds") for found in db.execute(f"SELECT * FROM {table}")]


def test_a_row_becomes_a_piece(db: sqlite3.Connection, tmp_path: Path) -> None:
    """Every column of the contract arrives, lengths as millimetres, money as cents, with a journal entry."""
    given = row(
        "J-1", name="Suede jacket", category="Jackets", brand="Levi's", size_label="M", price="$85.5",
        description="Two lines\nof text", measurements='{"pit_to_pit": 21, "Length": "25.5"}', color="brown",
        era="70s", condition="Good", status="reserved",
    )  # fmt: skip
    difference = take(db, file(tmp_path, csv_text([given])))
    kept = dict(db.execute("SELECT * FROM items").fetchone())
    assert [record.sku for record in difference.new] == ["J-1"]
    assert {name: kept[name] for name in ("name", "category", "brand", "size_label", "color", "era", "condition")} == {
        "name": "Suede jacket", "category": "Jackets", "brand": "Levi's", "size_label": "M", "color": "brown",
        "era": "70s", "condition": "Good",
    }  # fmt: skip
    assert (kept["price_cents"], kept["currency"], kept["status"], kept["revision"]) == (8550, "USD", "reserved", 1)
    assert json.loads(kept["measurements"]) == {"pit_to_pit": 533, "length": 648}
    assert kept["description"] == "Two lines\nof text"
    assert [entry["to_state"] for entry in entries(db, what="add")] == ["reserved"]


def test_only_sku_and_name_are_needed(db: sqlite3.Connection, tmp_path: Path) -> None:
    """Every other cell may be empty, and a file may leave the columns out altogether."""
    take(db, file(tmp_path, csv_text([row("A")])))
    take(db, file(tmp_path, "sku,name\nB,Belt\n"))
    assert statuses(db) == {"A": "available", "B": "available"}


@pytest.mark.parametrize(
    ("encoded", "told"),
    [
        (lambda text: b"\xef\xbb\xbf" + text.encode(), "utf-8"),
        (lambda text: text.encode("utf-16"), "utf-16-le"),
        (lambda text: text.encode("cp1252"), "cp1252"),
        (lambda text: text.replace("\n", "\r\n").encode(), "utf-8"),
        (lambda text: text.replace("\n", "\r").encode(), "utf-8"),
        (lambda text: text.replace(",", ";").encode(), "utf-8"),
        (lambda text: text.replace(",", "\t").encode(), "utf-8"),
        (lambda text: b"sep=;\n" + text.replace(",", ";").encode(), "utf-8"),
    ],
)
def test_encodings_and_delimiters(db: sqlite3.Connection, tmp_path: Path, encoded: object, told: str) -> None:
    """The same piece is read from every encoding, line end and delimiter that spreadsheets write."""
    path = file(tmp_path, encoded("sku,name,price,brand\nÉ-1,Chloé “blouse” 50€,45.00,Chloé\n"))  # type: ignore[operator]
    read_file = read(path)
    take(db, path)
    found = db.execute("SELECT sku, name, price_cents, brand FROM items").fetchone()
    assert tuple(found) == ("É-1", "Chloé “blouse” 50€", 4500, "Chloé")
    assert read_file.encoding == told


def test_decimal_commas_are_not_a_hundredfold(db: sqlite3.Connection, tmp_path: Path) -> None:
    """A price with a decimal comma is what it says, one with thousands too, and one that could be both is refused."""
    take(db, file(tmp_path, "sku;name;price\nA;Belt;45,00\nB;Coat;1.234,50\nC;Bag;€ 1,200.00\n"))
    assert [found[0] for found in db.execute("SELECT price_cents FROM items ORDER BY sku")] == [4500, 123450, 120000]
    assert refused(db, file(tmp_path, "sku;name;price\nD;Hat;1.200\n"))[0][0] == 2


def test_faults_are_told_by_the_line_in_the_file(db: sqlite3.Connection, tmp_path: Path) -> None:
    """Each wrong row is named by the physical line it begins on, behind cells of several lines and blank lines too."""
    text = (
        "sku,name,price,measurements,status\n"  # 1
        'A,"a name\nof three\nlines",10,,\n'  # 2 to 4
        "\n"  # 5
        ",no sku,10,,\n"  # 6
        "C,,10,,\n"  # 7
        "D,price,ten,,\n"  # 8
        "E,lengths,10,{pit: 3},\n"  # 9
        'F,lengths,10,"{""waist"": -3}",\n'  # 10
        "G,status,10,,gone\n"  # 11
        "H,cells,10\n"  # 12
        "A,again,10,,\n"  # 13
        'I,"quote"s,10,,\n'  # 14
        "J,good,10,,,,\n"  # 15: spare empty cells are a spreadsheet's habit
        'K,"never closed,10,,\n'  # 16
        "L,swallowed,10,,\n"
    )
    faults = refused(db, file(tmp_path, text))
    assert [line for line, _ in faults] == [6, 7, 8, 9, 10, 11, 12, 13, 14, 16]
    told = dict(faults)
    assert "sku is empty" in told[6]
    assert "'ten'" in told[8]
    assert "3 cells where the header has 5" in told[12]
    assert "line 2 already" in told[13]
    assert "never closed" in told[16]


def test_nothing_half_imported(db: sqlite3.Connection, tmp_path: Path) -> None:
    """One wrong row among a thousand, a stop in the middle, or a kill of the transaction leave the stock as it was."""
    piece(db, "P-1")
    before = dump(db)
    good = [row(f"N-{at}") for at in range(1_000)] + [row("P-1", name="New name")]
    refused(db, file(tmp_path, csv_text([*good, row("X", price="?")])))
    assert dump(db) == before

    class Stopped(Exception):
        pass

    stages = []

    def stop(what: str, _done: int, _of: int) -> None:
        stages.append(what)
        if what == "changing":
            raise Stopped

    path = file(tmp_path, csv_text(good))
    with pytest.raises(Stopped), transaction(db):
        importing.apply(db, read(path), now=5, who="owner", progress=stop)
    assert stages == ["comparing", "comparing", "writing", "changing"]
    assert dump(db) == before
    assert len(take(db, path).new) == 1_000


def test_the_dry_run_tells_what_the_import_does(db: sqlite3.Connection, tmp_path: Path) -> None:
    """New, changed by field, unchanged and missing are told beforehand, and the same file again changes nothing."""
    for sku in ("A", "B", "C", "D"):
        piece(db, sku, name=f"Piece {sku}")
    path = file(
        tmp_path,
        "sku,name,price,status\nA,Piece A,85.00,\nB,Piece B,90,\nC,Piece C,85,sold\nE,Piece E,1,\n",
    )
    before = dump(db)
    difference = importing.compare(db, read(path).records, unit="in")
    assert dump(db) == before
    assert [record.sku for record in difference.new] == ["E"]
    assert {change.record.sku: change.fields() for change in difference.changed} == {
        "B": ["price 85.00 USD → 90.00 USD"],
        "C": ["status available → sold"],
    }
    assert (difference.unchanged, difference.missing) == (1, ["D"])
    take(db, path)
    assert statuses(db) == {"A": "available", "B": "available", "C": "sold", "D": "available", "E": "available"}
    revisions = dict(db.execute("SELECT sku, revision FROM items").fetchall())
    assert revisions == {"A": 1, "B": 2, "C": 2, "D": 1, "E": 1}
    assert [entry["why"] for entry in entries(db, what="edit")] == ["price 85.00 USD → 90.00 USD (stock.csv)"]
    again = take(db, path)
    assert (again.new, again.changed, again.unchanged) == ([], [], 4)


def test_a_tape_reads_the_same(db: sqlite3.Connection, tmp_path: Path) -> None:
    """A length that the shop's unit shows alike is no change: an export and its import are a round trip."""
    piece(db, "A", name="Piece A")
    shown = items.find(db, "A").as_json("in")
    text = csv_text([row("A", price=shown["price"], measurements=json.dumps(shown["measurements"]))])
    assert importing.compare(db, read(file(tmp_path, text)).records, unit="in").unchanged == 1


def test_an_import_never_unsells_in_passing(db: sqlite3.Connection, tmp_path: Path) -> None:
    """A sold piece that the file calls available refuses the import by its line; --reopen brings it back."""
    piece(db, "A", status="sold")
    piece(db, "B", status="sold", name="Piece B")
    path = file(tmp_path, "sku,name,status\nA,Piece A,available\nB,Piece B,\n")
    assert [line for line, _ in refused(db, path)] == [2]
    assert [line for line, _ in importing.compare(db, read(path).records, unit="in").conflicts] == [2]
    take(db, path, reopen=True)
    assert statuses(db) == {"A": "available", "B": "sold"}
    moved = entries(db, subject="item", what="status")
    assert [(entry["from_state"], entry["to_state"]) for entry in moved] == [("sold", "available")]


def test_an_import_never_drops_a_hold(db: sqlite3.Connection, tmp_path: Path) -> None:
    """A held piece stays held whatever the file says of its status, unless it was sold, which ends the hold."""
    from store import holds
    from tests.store.stock_rows import conversation

    maria = conversation(db, "maria", now=1_000)
    for sku in ("A", "B"):
        piece(db, sku, name=f"Piece {sku}")
        holds.hold(db, sku, maria, now=1_000, who="owner")
    difference = take(db, file(tmp_path, "sku,name,status\nA,Piece A,available\nB,Piece B,sold\n"))
    assert difference.kept == ["A"]
    assert statuses(db) == {"A": "held", "B": "sold"}
    assert hold_rows(db, "A") == [(maria, "active")]
    assert hold_rows(db, "B") == [(maria, "released")]


SHOPIFY = """Handle,Title,Body (HTML),Vendor,Type,Tags,Published,Option1 Name,Option1 Value,Option2 Name,Option2 Value,Variant SKU,Variant Inventory Qty,Variant Price,Image Src,Image Position,Status
suede-jacket,Suede jacket,"<p>Soft &amp; <b>brown</b>.</p><ul><li>one</li></ul><script>alert(1)</script>",Levi's,Jackets,"70s, suede",true,Size,M,Color,brown,J-014,1,85.00,https://cdn.example/1.jpg,1,active
suede-jacket,,,,,,,,,,,,,,https://cdn.example/2.jpg,2,
boots,Boots,,Frye,Shoes,,true,Title,Default Title,,,,0,120.00,,,active
skirt,Skirt,,,Skirts,,true,Size,S,,,K-1,1,30.00,,,draft
skirt,,,,,,,,L,,,K-2,1,32.00,,,
"""  # noqa: E501  # a line of the export is that long


def test_shopify(db: sqlite3.Connection, tmp_path: Path) -> None:
    """A product export is known by its header: markup off, pictures gathered, options read, none left is sold."""
    taken = read(file(tmp_path, SHOPIFY))
    assert (taken.kind, taken.faults) == ("Shopify", [])
    take(db, taken.path)
    kept = {found["sku"]: dict(found) for found in db.execute("SELECT * FROM items")}
    assert set(kept) == {"J-014", "boots", "K-1", "K-2"}
    jacket = kept["J-014"]
    assert jacket["description"] == "Soft & brown.\none"
    assert json.loads(jacket["photos"]) == ["https://cdn.example/1.jpg", "https://cdn.example/2.jpg"]
    assert (jacket["size_label"], jacket["color"], jacket["brand"], jacket["tags"]) == (
        "M",
        "brown",
        "Levi's",
        "70s suede",
    )
    assert {sku: found["status"] for sku, found in kept.items()} == {
        "J-014": "available", "boots": "sold", "K-1": "reserved", "K-2": "reserved",
    }  # fmt: skip
    assert (kept["K-2"]["name"], kept["K-2"]["size_label"], kept["K-2"]["price_cents"]) == ("Skirt", "L", 3200)


def test_ebay(db: sqlite3.Connection, tmp_path: Path) -> None:
    """Seller Hub's report and its upload template are both known, whatever stands above the header."""
    report = (
        "Item number,Title,Custom label (SKU),Available quantity,Currency,Start price,Sold quantity,Condition,C:Brand\n"
        "1101,Wool coat,E-1,1,EUR,59.90,0,Pre-owned,Aquascutum\n"
        "1102,Silk scarf,,1,EUR,20.00,1,Pre-owned,\n"
    )
    taken = read(file(tmp_path, report))
    assert (taken.kind, taken.faults) == ("eBay", [])
    take(db, taken.path)
    template = (
        "#INFO,Version=1,,,,,,\n#INFO,more words,,,,,,\n"
        "*Action(SiteID=US),CustomLabel,*Title,*StartPrice,*Description,PicURL,C:Size,C:Waist\n"
        "Add,E-3,Jeans,40.00,<b>Nice</b>,http://a/1.jpg|http://a/2.jpg,W32 L34,32 in\n"
    )
    take(db, file(tmp_path, template))
    kept = {found["sku"]: dict(found) for found in db.execute("SELECT * FROM items")}
    assert (kept["E-1"]["price_cents"], kept["E-1"]["currency"], kept["E-1"]["brand"]) == (5990, "EUR", "Aquascutum")
    assert (kept["1102"]["status"], kept["1102"]["name"]) == ("sold", "Silk scarf")
    assert json.loads(kept["E-3"]["measurements"]) == {"waist": 813}
    assert json.loads(kept["E-3"]["photos"]) == ["http://a/1.jpg", "http://a/2.jpg"]
    assert (kept["E-3"]["size_label"], kept["E-3"]["description"]) == ("W32 L34", "Nice")


def test_depop(db: sqlite3.Connection, tmp_path: Path) -> None:
    """Depop's sheet has no titles and explains itself in rows: the name is the description's first line."""
    text = (
        "Template version: 6,,,,,,,,\n"
        "Description,Category,Price,Brand,Condition,Size,Color 1,Picture Hero url,SKU\n"
        '"Must be no more than 1,000 characters.",Select,Number,,,,,,\n'
        '"Cute Y2K top\nfits small",Tops,18.00,Miss Sixty,Good (used_good),S,Black (black),https://p/1.jpg,D-1\n'
    )
    taken = read(file(tmp_path, text))
    assert (taken.kind, taken.faults) == ("Depop", [])
    take(db, taken.path)
    kept = dict(db.execute("SELECT * FROM items").fetchone())
    assert (kept["sku"], kept["name"], kept["color"], kept["condition"]) == ("D-1", "Cute Y2K top", "Black", "Good")
    assert kept["description"] == "Cute Y2K top\nfits small"


def test_the_owners_own_mapping(db: sqlite3.Connection, tmp_path: Path) -> None:
    """A mapping file reads any other export; a wrong one is told with what is allowed."""
    own = file(
        tmp_path,
        'unit = "cm"\n[columns]\nsku = "No"\nname = "What"\nprice = "Euro"\nstatus = "State"\n'
        '[measurements]\npit_to_pit = "Chest"\n[values.status]\nda = "available"\nweg = "sold"\n',
        "own.toml",
    )
    path = file(tmp_path, "No;What;Euro;State;Chest\n1;Rock;12,50;da;54\n2;Hose;20;weg;\n")
    with pytest.raises(StoreError, match="--mapping"):
        read(path)
    take(db, path, mapping=own)
    kept = {found["sku"]: dict(found) for found in db.execute("SELECT * FROM items")}
    assert (kept["1"]["price_cents"], kept["1"]["measurements"], kept["2"]["status"]) == (
        1250,
        '{"pit_to_pit": 540}',
        "sold",
    )
    for wrong in ('[columns]\nname = "x"\n', '[columns]\nsku = "a"\nname = "b"\nsize = "c"\n', "columns = 3", "a = ["):
        with pytest.raises(StoreError, match=r"own\.toml"):
            read(path, mapping=file(tmp_path, wrong, "own.toml"))


@pytest.mark.parametrize("text", ["", "\n\n", "no header here\n1,2\n", b"PK\x03\x04\0\0\0\0", "sku,name\n"])
def test_what_is_no_stock_file_is_refused_whole(db: sqlite3.Connection, tmp_path: Path, text: str | bytes) -> None:
    """Empty files, spreadsheets' own formats, unknown headers and a header alone end in a sentence, not in an error."""
    with pytest.raises(StoreError):
        take(db, file(tmp_path, text))
    assert statuses(db) == {}


def test_hostile_texts_are_kept_or_refused(db: sqlite3.Connection, tmp_path: Path) -> None:
    """Escapes, markup, formulas and endless cells are data: control characters go, what is too long is refused."""
    hostile = [
        "\x1b[31mred",
        "[@click=app.quit]x[/]",
        "=cmd|' /C calc'!A0",
        "a\u202eb",
        "x\0y",
        "'; DROP TABLE items;--",
    ]
    take(db, file(tmp_path, csv_text([row(f"H-{at}", name=text) for at, text in enumerate(hostile)])))
    names = [found["name"] for found in db.execute("SELECT name FROM items ORDER BY id")]
    assert names == [
        "[31mred",
        "[@click=app.quit]x[/]",
        "=cmd|' /C calc'!A0",
        "a\u202eb",
        "x y",
        "'; DROP TABLE items;--",
    ]
    faults = refused(
        db, file(tmp_path, csv_text([row("L", name="x" * 501), row("M" * 101), row("N", description="x" * 140_000)]))
    )
    assert [line for line, _ in faults] == [2, 3, 4]


def test_posts_are_mapped_by_a_file(db: sqlite3.Connection, tmp_path: Path) -> None:
    """A column of posts tells which piece a shared post means."""
    take(db, file(tmp_path, "sku,name,posts\nA,Belt,7301 https://www.tiktok.com/@p/video/7302\n"))
    found = [items.by_post(db, post) for post in ("7301", "7302", "7303")]
    assert [each.sku if each else None for each in found] == ["A", "A", None]


def test_the_contracts_columns_are_all_known(tmp_path: Path) -> None:
    """A file with exactly the contract's header leaves no column unread."""
    assert read(file(tmp_path, csv_text([row("A")]))).unused == ()
    assert len(HEADER) == 12


def test_a_large_file_is_told_on_the_way(db: sqlite3.Connection, tmp_path: Path) -> None:
    """Thousands of rows are written in portions, each told, and the search index has all of them."""
    path = file(tmp_path, csv_text([row(f"S-{at:05}", name=f"windbreaker number {at}") for at in range(12_000)]))
    told: list[tuple[str, int, int]] = []
    with transaction(db):
        importing.apply(db, read(path), now=5, who="owner", progress=lambda *each: told.append(each))
    assert [done for what, done, _ in told if what == "writing"] == [0, 5_000, 10_000]
    assert db.execute("SELECT count(*) FROM items_fts WHERE items_fts MATCH 'windbreaker'").fetchone()[0] == 12_000
    assert len(entries(db, what="add")) == 12_000


def test_a_search_while_importing_sees_the_old_stock_whole(
    db: sqlite3.Connection, db_path: Path, tmp_path: Path
) -> None:
    """While an import writes, another connection finds exactly what was there before, and all of it afterwards."""
    from store.search import search

    take(db, file(tmp_path, csv_text([row("OLD-1", name="Nike windbreaker"), row("OLD-2", name="Nike tee")])))
    path = file(tmp_path, csv_text([row(f"NEW-{at}", name="Nike windbreaker") for at in range(6_000)]))
    reader = connect(db_path, readonly=True)
    seen: list[list[str]] = []

    def look(_what: str, _done: int, _of: int) -> None:
        seen.append([found.sku for found in search(reader, "nike windbreaker").pieces])

    try:
        with transaction(db):
            importing.apply(db, read(path), now=5, who="owner", progress=look)
        assert len(search(reader, "nike windbreaker", limit=10).pieces) == 10
    finally:
        reader.close()
    assert len(seen) >= 8
    assert all(found == ["OLD-1"] for found in seen)


@pytest.mark.parametrize("seed", range(30))
def test_any_bytes_are_read_or_refused(tmp_path: Path, seed: int) -> None:
    """Whatever a file holds, it is read or refused with a sentence, and every fault names a line that exists."""
    chance = random.Random(seed)
    start = csv_text([row(f"R-{at}", price="45", measurements='{"waist": 30}') for at in range(20)])
    data = bytearray((SHOPIFY if seed % 3 == 0 else start).encode())
    for _ in range(chance.randrange(1, 40)):
        at = chance.randrange(len(data))
        data[at : at + chance.randrange(3)] = chance.choice(
            [b'"', b",", b"\n", b"\r", b"\xff", b"\0", b"=", b"{", b"", b"9" * 40]
        )
    path = file(tmp_path, bytes(data))
    try:
        taken = read(path)
    except StoreError:
        return
    lines = bytes(data).replace(b"\r\n", b"\n").replace(b"\r", b"\n").count(b"\n") + 1
    assert all(1 <= line <= lines for line, _ in taken.faults)
    assert all(record.sku and record.values["name"] for record in taken.records)
    assert len({record.sku for record in taken.records}) == len(taken.records)
