"""Compares the search with what else could be had, side by side on the same pieces and the same questions.

    python -m tests.performance.search [--quick]             1,000, 10,000 and 100,000 pieces; quick: only 1,000
    python -m tests.performance.search --sizes 1000,10000,100000 --write docs/search.md

Every engine runs in a process of its own, one thread, and is asked the same questions: facets times synonyms, every
third with a typo. Times are CPU time of the process. tantivy and bm25s take part when they are installed.
"""

from __future__ import annotations

import argparse
import gc
import json
import os
import random
import re
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from tests.performance import stock
from tests.performance.figures import Figure, within, write
from tests.store.search.questions import Question, ndcg, precision, questions, recall
from tests.store.search.shop import Row, put

Find = Callable[[str], list[str]]
QUESTIONS = 300
BEGIN, END = "<!-- figures -->", "<!-- end of figures -->"
WORD = re.compile(r"\w+")


def main() -> None:
    """Runs every engine at every size and prints the table, or writes it into a page between two marks."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", default="1000,10000,100000")
    parser.add_argument("--quick", action="store_true", help="1,000 pieces: a look, not a result")
    parser.add_argument("--write", type=Path)
    parser.add_argument("--json", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--one", nargs=3, metavar=("ENGINE", "SIZE", "DATABASE"), help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.one:
        engine, size, path = given.one
        print(json.dumps(measured(engine, int(size), Path(path))))
        return
    sizes = "1000" if given.quick else given.sizes
    results = [result for size in sizes.split(",") for result in compared(int(size))]
    if given.json:
        write(figures_of(results), given.json)
    lines = table(results)
    print("\n".join(lines))
    if given.write:
        page = given.write.read_text(encoding="utf-8")
        before, _, rest = page.partition(BEGIN)
        _, _, after = rest.partition(END)
        given.write.write_text(f"{before}{BEGIN}\n" + "\n".join(lines) + f"\n{END}{after}", encoding="utf-8")


def compared(size: int) -> list[dict[str, Any]]:
    """Measures every engine that is installed on a stock of one size, each in a fresh process."""
    results = []
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "stock.db"
        # The right answers are computed once: 300 questions over 100,000 rows take longer than any engine.
        asked = _asked(list(stock.rows(size)))
        told = [[question.query, sorted(question.answer), question.typo] for question in asked]
        path.with_name("questions.json").write_text(json.dumps(told), encoding="utf-8")
        for engine in ENGINES:
            if engine in {"tantivy", "bm25s"} and find_spec(engine) is None:
                continue
            done = subprocess.run(
                [sys.executable, "-m", "tests.performance.search", "--one", engine, str(size), str(path)],
                check=True,
                capture_output=True,
                text=True,
                env={**os.environ, "OMP_NUM_THREADS": "1"},
            )
            results.append(json.loads(done.stdout.splitlines()[-1]))
            print(f"{engine} at {size}: {results[-1]}", file=sys.stderr)
    return results


def measured(engine: str, size: int, path: Path) -> dict[str, Any]:
    """Builds one engine over a stock and asks it everything."""
    rows: list[Row] = list(stock.rows(size))
    told = json.loads(path.with_name("questions.json").read_text(encoding="utf-8"))
    asked = [Question(query, frozenset(answer), typo) for query, answer, typo in told]
    gc.collect()
    memory, started = _resident(), time.process_time()
    find, close = ENGINES[engine](rows, path)
    built = time.process_time() - started
    find(asked[0].query)
    scores: list[tuple[float, float, float]] = []
    spent: list[float] = []
    for question in asked:
        begun = time.process_time()
        found = find(question.query)
        spent.append((time.process_time() - begun) * 1000)
        scores.append((ndcg(found, question.answer), recall(found, question.answer), precision(found, question.answer)))
    memory = _resident() - memory
    close()
    spent.sort()
    mean = [sum(score[at] for score in scores) / len(scores) for at in range(3)]
    return {
        "engine": engine,
        "pieces": size,
        "ndcg": mean[0],
        "recall": mean[1],
        "precision": mean[2],
        "p50": spent[len(spent) // 2],
        "p99": spent[int(len(spent) * 0.99)],
        "memory": memory,
        "build": built,
    }


def _asked(rows: list[Row]) -> list[Question]:
    rng = random.Random(11)
    clean = questions(rows, rng, QUESTIONS * 2 // 3, typo=False)
    return [*clean, *questions(rows, rng, QUESTIONS // 3, typo=True)]


def _resident() -> float:
    """Returns the memory of this process that is in RAM, in MB."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def _philia(rows: list[Row], path: Path) -> tuple[Find, Callable[[], None]]:
    from store.database import connect
    from store.search import search

    # In a process of its own: Alembic's 30 MB are a start's, not the search's.
    made = f"from pathlib import Path; from store.migrations import migrate; migrate(Path({str(path)!r}))"
    subprocess.run([sys.executable, "-c", made], check=True)
    db = connect(path)
    put(db, rows)
    return lambda query: [piece.sku for piece in search(db, query).pieces], db.close


def _like(_rows: list[Row], path: Path) -> tuple[Find, Callable[[], None]]:
    from store.database import connect

    db = connect(path)

    def find(query: str) -> list[str]:
        sql = "SELECT sku FROM items WHERE status = 'available' AND (name LIKE ? OR description LIKE ?) LIMIT 10"
        return [row[0] for row in db.execute(sql, (f"%{query}%", f"%{query}%"))]

    return find, db.close


def _fts(_rows: list[Row], path: Path) -> tuple[Find, Callable[[], None]]:
    db = sqlite3.connect(path)
    db.executescript(
        "DROP TABLE IF EXISTS plain; CREATE VIRTUAL TABLE plain USING fts5(name, brand, category, size_label, color,"
        " era, description, content='items', content_rowid='id'); INSERT INTO plain (plain) VALUES ('rebuild');"
    )

    def find(query: str) -> list[str]:
        words = " OR ".join(f'"{word}"' for word in WORD.findall(query))
        sql = (
            "SELECT items.sku FROM plain JOIN items ON items.id = plain.rowid"
            " WHERE plain MATCH ? AND items.status = 'available' ORDER BY plain.rank LIMIT 10"
        )
        return [row[0] for row in db.execute(sql, (words,))]

    return find, db.close


FIELDS = ("name", "brand", "category", "size_label", "color", "era", "description")


def _available(rows: Iterable[Row]) -> list[Row]:
    return [row for row in rows if row["status"] == "available"]


def _tantivy(rows: list[Row], _path: Path) -> tuple[Find, Callable[[], None]]:
    import tantivy

    builder = tantivy.SchemaBuilder()
    builder.add_text_field("sku", stored=True, tokenizer_name="raw")
    for name in FIELDS:
        builder.add_text_field(name, tokenizer_name="en_stem")
    index = tantivy.Index(builder.build())
    writer = index.writer(heap_size=64_000_000, num_threads=1)
    for row in _available(rows):
        writer.add_document(tantivy.Document(sku=row["sku"], **{name: row[name] for name in FIELDS}))
    writer.commit()
    index.reload()
    searcher = index.searcher()

    def find(query: str) -> list[str]:
        parsed = index.parse_query(" ".join(WORD.findall(query)), list(FIELDS))
        return [searcher.doc(address)["sku"][0] for _, address in searcher.search(parsed, 10).hits]

    return find, lambda: None


def _bm25s(rows: list[Row], _path: Path) -> tuple[Find, Callable[[], None]]:
    import bm25s

    kept = _available(rows)
    corpus = bm25s.tokenize([" ".join(row[name] for name in FIELDS) for row in kept], show_progress=False)
    index = bm25s.BM25()
    index.index(corpus, show_progress=False)

    def find(query: str) -> list[str]:
        words = bm25s.tokenize([query], show_progress=False)
        places, scores = index.retrieve(words, k=10, show_progress=False, n_threads=1)
        return [kept[int(at)]["sku"] for at, score in zip(places[0], scores[0], strict=True) if score > 0]

    return find, lambda: None


ENGINES: Mapping[str, Callable[[list[Row], Path], tuple[Find, Callable[[], None]]]] = {
    "Philia": _philia,
    "LIKE": _like,
    "FTS5, any word": _fts,
    "tantivy": _tantivy,
    "bm25s": _bm25s,
}


def figures_of(results: Iterable[Mapping[str, Any]]) -> list[Figure]:
    """Returns what the page of all figures says: ours at every size, the others beside it."""
    sizes: dict[int, list[Mapping[str, Any]]] = {}
    for one in results:
        sizes.setdefault(one["pieces"], []).append(one)
    return [
        within(
            f"search, {size:,} pieces, p99 of CPU", ours["p99"], 60,
            beside=f"{_told(ours)}, {ours['memory']:.0f} MB, built in {ours['build']:.1f} s; "
            + "; ".join(f"{one['engine']} p99 {one['p99']:.1f} ms, {_told(one)}" for one in others),
        )
        for size, (ours, *others) in sizes.items()
    ]  # fmt: skip


def _told(one: Mapping[str, Any]) -> str:
    return f"p50 {one['p50']:.1f} ms, NDCG@10 {one['ndcg']:.2f}"


def table(results: Iterable[Mapping[str, Any]]) -> list[str]:
    """Returns the results as the lines of a Markdown table."""
    lines = [
        "| pieces | engine | NDCG@10 | recall@10 | precision@10 | CPU p50 ms | CPU p99 ms | memory MB | build CPU s |",
        "|---:|---|---:|---:|---:|---:|---:|---:|---:|",
    ]
    lines += [
        f"| {one['pieces']:,} | {one['engine']} | {one['ndcg']:.2f} | {one['recall']:.2f} | {one['precision']:.2f} |"
        f" {one['p50']:.1f} | {one['p99']:.1f} | {one['memory']:.0f} | {one['build']:.1f} |"
        for one in results
    ]
    return lines


if __name__ == "__main__":
    main()
