"""First paint and memory in a real terminal, beside a bare Textual app: `python -m tests.performance.peers [--quick]`.

With `--peers` also of `posting`, `harlequin`, `elia-chat` and `toolong`, each installed by uv into an environment that
is thrown away (their wheels stay in uv's own cache). All are started by turns in the same tmux window of 120 by 40,
with an empty home, and watched until the window has been still. The rule is the same for all: painted is what shows
half of the characters that the start screen shows at rest. Memory is what the program and its children hold, shared
pages divided among those who share them.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from store.clock import system_clock
from store.database import connect
from store.migrations import migrate
from tests.performance.figures import Figure, alone, percentile, within
from tests.performance.startup import PHILIA
from tests.performance.terminal import Terminal, first_paint, memory, tree
from tests.philia_tui.shop import HOUR, Shop, many

PROJECT: Final = Path(__file__).parents[2]
CONFIG: Final = (
    '[database]\nurl = "sqlite:///shop.db"\n[listener]\nport = 0\n[tiktok]\nbase_url = "http://127.0.0.1:9"\n'
)
LINES: Final = 100_000
"""Of the log that toolong opens: as many as the inbox has conversations."""


@dataclass(frozen=True, slots=True)
class Peer:
    """What is installed and how its start screen is opened."""

    packages: Sequence[str]
    command: str
    words: Sequence[str] = ()


PEERS: Final[Mapping[str, Peer]] = {
    # posting 2.11 names no upper bound of tree-sitter and dies of a segmentation fault with 0.26.
    "posting": Peer(("posting", "tree-sitter<0.26"), "posting"),
    "harlequin": Peer(("harlequin",), "harlequin"),
    "elia-chat": Peer(("elia-chat",), "elia"),
    "toolong": Peer(("toolong",), "tl", ("{log}",)),
}


@dataclass(slots=True)
class Found:
    """What the starts of one program gave."""

    words: Sequence[str]
    environment: Mapping[str, str] = field(default_factory=dict)
    version: str = ""
    painted: list[float] = field(default_factory=list)
    held: list[float] = field(default_factory=list)
    alone: list[float] = field(default_factory=list)
    trouble: str = ""


def filled(path: Path, conversations: int) -> None:
    """Fills a shop with threads and a draft each; the first windows close in an hour."""
    migrate(path)
    with closing(connect(path)) as db:
        db.execute("PRAGMA synchronous = OFF")
        many(Shop(db, system_clock()), conversations)
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def calm(path: Path) -> None:
    """Moves every window a day on, so that nothing is due to be warned of while a screen is watched."""
    with closing(connect(path)) as db:
        db.execute("UPDATE conversations SET window_closes_at = window_closes_at + ?", (24 * HOUR,))


def installed(name: str, peer: Peer, folder: Path, log: Path) -> Found:
    """Installs a peer into an environment of its own; a failure is told in what it returns."""
    place = folder / name
    uv = shutil.which("uv")
    if uv is None:
        return Found((), trouble="not installed: there is no uv on this machine")
    for words in (
        ["venv", "--python", sys.executable, str(place)],
        ["pip", "install", "--python", str(place / "bin" / "python"), *peer.packages],
    ):
        # Away from the project, whose constraints uv would lay upon them.
        done = subprocess.run(
            [uv, "--quiet", *words], cwd=folder, capture_output=True, text=True, check=False, timeout=600
        )
        if done.returncode != 0:
            return Found((), trouble=f"not installed: {' '.join(done.stderr.split())[-160:] or 'uv said nothing'}")
    asked = f"from importlib.metadata import version; print(version({name!r}), version('textual'))"
    told = subprocess.run([place / "bin" / "python", "-c", asked], capture_output=True, text=True, check=True)
    version, textual = told.stdout.split()
    words = [word.format(log=log) for word in peer.words]
    return Found([str(place / "bin" / peer.command), *words], version=f"{version}, Textual {textual}")


def once(found: Found, folder: Path) -> tuple[float, float, float]:
    """Starts a program; returns the seconds to its paint, its MiB with its children, and its MiB alone."""
    with Terminal(folder, **found.environment) as terminal:
        frames = terminal.frames(terminal.start(found.words))
        if terminal.ended():
            raise ValueError(f"ended by itself: {' '.join(frames[-1][1].split())[-100:]}")
        pid = terminal.pid()
        return first_paint(frames), memory(tree(pid)), memory([pid])


def measure(quick: bool, *, peers: bool = False) -> list[Figure]:
    """Measures the part."""
    rounds, conversations = (2, 5_000) if quick else (5, 100_000)
    with tempfile.TemporaryDirectory(prefix="philia-peers-") as name:
        folder = Path(name)
        filled(folder / "shop.db", conversations)
        calm(folder / "shop.db")
        (folder / "config.toml").write_text(CONFIG, "utf-8")
        log = folder / "shop.log"
        log.write_text("".join(f"12:{n // 60 % 60:02}:{n % 60:02} INFO message {n}\n" for n in range(LINES)), "utf-8")
        bare = Found([sys.executable, "-m", "tests.performance.bare"], {"PYTHONPATH": str(PROJECT)})
        philia = Found([str(PHILIA)], {"PHILIA_CONFIG": str(folder / "config.toml")})
        programs = {"bare": bare, "philia": philia}
        if peers:
            programs |= {peer: installed(peer, given, folder, log) for peer, given in PEERS.items()}
        for number in range(rounds + 1):
            for program, found in programs.items():
                if found.trouble:
                    continue
                home = folder / f"home-{program}"
                home.mkdir(exist_ok=True)
                try:
                    painted, held, by_itself = once(found, home)
                except (ValueError, TimeoutError, RuntimeError) as fault:
                    found.trouble = str(fault)
                    continue
                if number:  # the first start writes bytecode and settings
                    found.painted.append(painted * 1_000)
                    found.held.append(held)
                    found.alone.append(by_itself)
    if bare.trouble or philia.trouble:
        raise RuntimeError(bare.trouble or philia.trouble)
    return [
        *_ours(bare, philia, conversations),
        *(_theirs(peer, programs[peer], bare, philia) for peer in PEERS if peers),
    ]


def _ours(bare: Found, philia: Found, conversations: int) -> list[Figure]:
    painted, floor = percentile(philia.painted, 50), percentile(bare.painted, 50)
    held, least = percentile(philia.alone, 50), percentile(bare.alone, 50)
    return [
        within(
            f"first paint of `philia` in tmux, {conversations:,} conversations, against a bare Textual app",
            painted / floor, 1.5, unit="×", digits=2,
            beside=f"{painted:.0f} ms, bare {floor:.0f} ms, medians of {len(philia.painted)} by turns",
        ),
        within(
            "memory of the inbox more than a bare Textual app's", held - least, 25, unit="MiB",
            beside=f"{held:.0f} MiB, bare {least:.0f} MiB; with its server {percentile(philia.held, 50):.0f} MiB",
        ),
    ]  # fmt: skip


def _theirs(name: str, found: Found, bare: Found, philia: Found) -> Figure:
    if found.trouble:
        return Figure(f"{name} {found.version}".strip(), found.trouble)
    painted, held = percentile(found.painted, 50), percentile(found.held, 50)
    return Figure(
        f"{name} {found.version}",
        f"first paint {painted:.0f} ms = {painted / percentile(bare.painted, 50):.2f} × bare, {held:.0f} MiB",
        beside=f"Philia paints in {percentile(philia.painted, 50) / painted:.2f} × its time and holds"
        f" {percentile(philia.alone, 50) / held:.2f} × its memory, with its server"
        f" {percentile(philia.held, 50) / held:.2f} ×",
    )


if __name__ == "__main__":
    alone(__doc__, measure, peers="also the four other programs, installed into throw-away environments")
