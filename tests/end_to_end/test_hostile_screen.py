"""Other people's words on every screen of the real program: what reaches the terminal, byte by byte."""

from __future__ import annotations

import re
import shutil
import unicodedata
from collections.abc import Iterator
from pathlib import Path

import pytest

from store.clock import system_clock
from store.database import connect
from tests.end_to_end.test_terminal import Terminal, gone, philia
from tests.philia_tui.hostile import POISON, forbidden, poisoned
from tests.philia_tui.shop import Shop

FORMS = (
    # Colours of 24 bits with or without attributes, attributes alone, and back to none.
    r"\x1b\[(?:[1-9];)*(?:[34]8;2;\d+;\d+;\d+;?){1,2}m",
    r"\x1b\[(?:0|[1-9](?:;[1-9])*)m",
    r"\x1b\[\d+;\d+H",
    # The other screen, mouse, cursor, focus, paste, wrapping, sizes and whole frames; asked and set.
    r"\x1b\[\?(?:1000|1003|1015|1006|1049|25|1004|2004|7|2026|2048)(?:[hl]|\$p)",
    r"\x1b\[(?:>\d+|<)u",
    # The mouse's shape, the title with the count, and the two forms of a notice that says how many.
    r"\x1b\]22;(?:default|text|pointer)\x07",
    r"\x1b\]0;(?:\(\d+\) )?Philia\x07",
    r"\x1b\]9;Philia: \d+ messages? needs? you\x07",
    r"\x1b\]777;notify;Philia;\d+ messages? needs? you\x07",
    r"\r?\n",
)
"""Everything that Philia itself has to say to a terminal; all else is letters."""

OWN = re.compile("|".join(FORMS))

DOWN = (("j", "▸", None),) * (len(POISON) - 1)

STEPS: tuple[tuple[str, str, str | None], ...] = (
    *DOWN,
    *((("k", "▸", None),) * (len(POISON) - 1)),
    ("t", "≈ ␛", None),
    ("w", "nothing backs", None),
    ("w", "a approve", None),
    ("Enter", "a approve", None),
    ("q", "a approve", None),
    ("f", "[a]", None),
    ("Escape", "▸", "[a]"),
    ("s", "Snooze until?", None),
    ("PASTE", "qevil", None),
    ("Enter", "a approve", "Snooze until?"),
    ("M", "Note on", None),
    ("Escape", "a approve", "Note on"),
    ("m", "Note:", None),
    ("Escape", "a approve", "Note:"),
    ("P", "Send the picture", None),
    ("Enter", "Give it one", "Send the picture"),
    ("r", "Why not?", None),
    ("Escape", "a approve", "Why not?"),
    ("b", "Block ", None),
    ("Escape", "a approve", "Block "),
    ("l", "Label:", None),
    ("PASTE", "qevil", None),
    ("Enter", "a approve", "Label:"),
    ("c", "Canned:", None),
    ("PASTE", "no such reply", None),
    ("C-u", "→ ", "no such reply"),
    ("Enter", "Canned: ␛[31m", None),
    ("PASTE", "characters of 200", None),
    ("Escape", "Send it?", None),
    ("d", "a approve", "Send it?"),
    ("e", "Editing the draft", None),
    ("PASTE", "characters of 200", None),
    ("Escape", "Send it?", None),
    ("s", "", "Send it?"),
    ("v", "1 marked", None),
    ("q", "a approve", "1 marked"),
    ("/", "name, word", None),
    ("PASTE", "qevil", None),
    ("Escape", "▸", "qevil"),
    ("\\", "type a word", None),
    ("-l suede", "messages with", None),
    ("Enter", "▸", "/ suede"),
    ("q", "a approve", "messages with"),
    ("Tab", "[", None),
    ("Tab", "[", None),
    ("Tab", "[Holds", None),
    ("2", "· stock", None),
    *DOWN,
    ("x", "is sold", None),
    ("3", "By kind of question", None),
    ("4", "· activity", None),
    ("E", "Written:", None),
    ("5", "to look at", None),
    ("G", "[inbox]", None),
    ("6", "· long work", None),
    ("i", "Import which file?", None),
    ("PASTE", "no such file", None),
    ("Enter", "There is no file", "Import which file?"),
    ("7", "· canned replies", None),
    *DOWN,
    ("e", "Keeping", None),
    ("Escape", "a add", "Keeping"),
    ("1", "a approve", None),
    ("?", "Help", None),
    ("q", "a approve", "Help"),
    ("C-p", "Search", None),
    ("PASTE", "qevil", None),
    ("Escape", "a approve", "qevil"),
)
"""A key; what is on the screen once it was answered, and what is not. PASTE puts hostile words into the field."""


@pytest.fixture
def shop(tmp_path: Path, migrated: Path) -> Path:
    """A shop of nothing but hostile words, beside which a server runs that can send nothing."""
    database = tmp_path / "philia.db"
    shutil.copy(migrated, database)
    db = connect(database)
    poisoned(Shop(db, system_clock()))
    db.close()
    (tmp_path / "config.toml").write_text(
        "[listener]\nport = 0\n[delivery]\nundo_seconds = 600\n[tiktok]\nbase_url = 'http://127.0.0.1:9'\n", "utf-8"
    )
    return tmp_path


@pytest.fixture
def terminal(tmp_path: Path) -> Iterator[Terminal]:
    opened = Terminal(tmp_path)
    yield opened
    opened.close()


def cells(text: str) -> int:
    """Counts cells by Unicode's own tables: two for wide and fullwidth letters, none for marks."""
    return sum(
        0 if unicodedata.combining(one) else 2 if unicodedata.east_asian_width(one) in "WF" else 1 for one in text
    )


@pytest.mark.parametrize(("width", "height"), [(80, 24), (120, 40)])
def test_no_byte_of_another_is_obeyed_by_the_terminal(shop: Path, terminal: Terminal, width: int, height: int) -> None:
    """On every screen, in fields, toasts, title and notices, the terminal gets letters and Philia's own sequences."""
    raw = shop / "raw"
    go = shop / "go"
    waiting = f"until [ -e {go} ]; do sleep 0.05; done; export COLORTERM=truecolor"
    terminal.start(f"{waiting}; {philia(shop)}", width=width, height=height)
    terminal.tmux("pipe-pane", f"cat > {raw}")
    # tmux writes an escape as ^[; C1, bidi and invisible ones are pasted as they are.
    terminal.tmux("set-buffer", POISON[0] + POISON[1] + POISON[4])
    go.touch()
    terminal.wait("● listening", "a approve")
    for key, seen, left in STEPS:
        if key == "PASTE":
            terminal.tmux("paste-buffer", "-p")
        else:
            terminal.press(*key.split(" "))
        shown = terminal.wait(seen, gone=left)
        edges = {cells(line[: line.index("▕")]) for line in shown.splitlines() if "▕" in line}
        assert len(edges) <= 1, shown
        assert not forbidden(shown), key
    db = connect(shop / "philia.db")
    Shop(db, system_clock()).conversation("one more", (POISON[0],), name=POISON[0])
    db.close()
    terminal.wait("eeds you 7")
    terminal.press("Q")
    terminal.wait("left with 0")
    gone(shop)
    written = raw.read_bytes().decode("utf-8").partition("left with")[0]
    assert written.count("\x1b]0;(7) Philia\x07") == 2
    others = OWN.sub("", written)
    assert [others[one.start() : one.start() + 40] for one in re.finditer("[\x00-\x1f]", others)] == []
    assert sorted(set(forbidden(others))) == []
