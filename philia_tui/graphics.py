"""How this terminal draws pictures: as pixels (Kitty's protocol, Sixel), in half cells of colour, or not at all.

textual-image asks the terminal while it is imported, which would take keys away from a running screen, and an answer
that comes late would be taken for keys. So the terminal is asked here, once, with the screen set aside, and the last
question is one that every terminal answers: when that answer is there, no other can come any more. Then textual-image
is imported with nobody to ask.
"""

from __future__ import annotations

import contextlib
import functools
import io
import os
import re
import select
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from textual.app import App
    from textual.widget import Widget

PATIENCE: Final = 1.0
"""Seconds for the answers: a terminal at the end of a slow line takes half of one, a silent one none."""

ANSWERED: Final = re.compile(rb"\x1b\[\?([\d;]*)c")
CELL: Final = re.compile(rb"\x1b\[6;(\d+);(\d+)t")
KITTY: Final = re.compile(rb"\x1b_G[^\x1b]*;OK\x1b\\")

ASK_CELL: Final = b"\x1b[16t"
ASK_KITTY: Final = b"\x1b_Gi=31,s=1,v=1,a=q,t=d,f=24;AAAA\x1b\\"
ASK_ALL: Final = b"\x1b[c"
"""What the terminal is (DA1); a 4 in the answer is Sixel."""


@dataclass(frozen=True, slots=True)
class Answers:
    """What a terminal said of itself; `cell` is width and height of a cell in pixels, None when it did not say."""

    sixel: bool = False
    kitty: bool = False
    cell: tuple[int, int] | None = None


def draws(environment: Any = os.environ) -> bool:
    """Tells whether anything but words can be drawn: not without colours, and not on a dumb terminal."""
    return not environment.get("NO_COLOR") and environment.get("TERM", "") not in {"dumb", "unknown"}


def widget_for(app: App[Any]) -> type[Widget]:
    """Returns textual-image's widget for this terminal, which is asked at the first call and never again.

    The first call costs 150 ms of imports, and what the terminal takes to answer.
    """
    if not _asked:
        _asked.append(_ask_beside(app))
    return _load(_asked[0])


_asked: Final[list[Answers]] = []
"""What the terminal of this process said, once it was asked."""


def _ask_beside(app: App[Any]) -> Answers:
    from textual.app import SuspendNotSupported  # noqa: PLC0415  # loaded already

    try:
        with app.suspend():
            return ask()
    except SuspendNotSupported:
        # A browser or a test: there is no terminal of ours to ask.
        return Answers()


def ask() -> Answers:
    """Asks the terminal, with nobody else reading from it; says nothing of what is no terminal or keeps silent."""
    try:
        import termios  # noqa: PLC0415  # not on every system
        import tty  # noqa: PLC0415

        put, get = sys.__stdout__.fileno(), sys.__stdin__.fileno()  # type: ignore[union-attr]
        if not (os.isatty(put) and os.isatty(get)):
            return Answers()
        before = termios.tcgetattr(get)
    except (ImportError, AttributeError, OSError, ValueError):
        return Answers()
    # tmux and screen would take Kitty's question for a title.
    multiplexed = os.environ.get("TMUX") or os.environ.get("TERM", "").startswith(("screen", "tmux"))
    heard = b""
    try:
        tty.setraw(get, termios.TCSAFLUSH)
        os.write(put, ASK_CELL + (b"" if multiplexed else ASK_KITTY) + ASK_ALL)
        end = time.monotonic() + PATIENCE
        while not ANSWERED.search(heard) and len(heard) < 4_096:
            if not select.select([get], [], [], max(0.0, end - time.monotonic()))[0]:
                break
            heard += os.read(get, 1_024)
    except OSError:
        return Answers()
    finally:
        # Whatever came in between was no answer, and would be taken for keys.
        with contextlib.suppress(termios.error):
            termios.tcsetattr(get, termios.TCSAFLUSH, before)
    return read(heard)


def read(heard: bytes) -> Answers:
    """Reads a terminal's answers; what is not among them is not there."""
    attributes, cell = ANSWERED.search(heard), CELL.search(heard)
    size = (int(cell[2]), int(cell[1])) if cell is not None else None
    return Answers(
        sixel=attributes is not None and b"4" in attributes[1].split(b";")[1:],
        kitty=KITTY.search(heard) is not None,
        cell=size if size is not None and min(size) >= 2 and max(size) <= 200 else None,
    )


@functools.cache
def _load(answers: Answers) -> type[Widget]:
    if answers.cell is not None:
        # Where textual-image looks when it can ask nobody.
        for name, pixels in zip(("TEXTUAL_CELL_WIDTH", "TEXTUAL_CELL_HEIGHT"), answers.cell, strict=True):
            os.environ[name] = str(pixels)
    with _nobody_to_ask():
        # 150 ms with Pillow; Textual is loaded already.
        from textual_image.widget import HalfcellImage, SixelImage, TGPImage  # noqa: PLC0415

    # Sixel first: WezTerm and Konsole say yes to Kitty's question and do not know its placeholders.
    return SixelImage if answers.sixel else TGPImage if answers.kitty else HalfcellImage


@contextlib.contextmanager
def _nobody_to_ask() -> Iterator[None]:
    """Hides the terminal from whoever asks at import whether there is one."""
    kept = sys.__stdout__
    sys.__stdout__ = io.StringIO()  # type: ignore[misc,assignment]
    try:
        yield
    finally:
        sys.__stdout__ = kept  # type: ignore[misc]
