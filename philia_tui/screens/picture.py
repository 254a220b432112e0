"""One picture on the whole screen; j and k go through the others of its thread.

A picture is decoded by a process of its own, within bounds, and drawn as the terminal can; where nothing can be drawn,
or the file is no good, a line says what it is and where it lies.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, ClassVar, Final

from textual import work
from textual.containers import Container
from textual.widget import Widget

from philia_tui import graphics
from philia_tui.inert import inert, one_line
from philia_tui.screens.side import SideScreen, Title
from philia_tui.telling import moment
from philia_tui.widgets.page import Page
from philia_tui.wrapping import Line, wrap
from server.children import die_with_parent
from store import media
from store.views import Shown

if TYPE_CHECKING:
    from PIL import Image

    from philia_tui.screens.inbox import InboxScreen

SECONDS: Final = 15.0
"""For decoding a picture, after which its process is ended; ten of the processor's own end it before."""

WIDEST: Final = 800
"""Pixels of a side that are drawn: as Sixel the worst of them takes 0.4 s, one of 1,200 would take 1.4 s."""


class PictureScreen(SideScreen):
    """The pictures of a thread, or the one of a piece."""

    NAME = "picture"
    DEFAULT_CSS = """
    PictureScreen #stage { height: 1fr; align: center middle; }
    PictureScreen #stage.-drawn Page { display: none; }
    PictureScreen Page { border: none; }
    PictureScreen .picture { width: auto; height: auto; max-width: 100%; max-height: 100%; }
    """
    BINDINGS: ClassVar = []

    def __init__(self, inbox: InboxScreen, shown: list[Shown]) -> None:
        """Starts with the first of the pictures, which are the newest first."""
        super().__init__(inbox)
        self.shown = shown
        self.place = 0
        self.words = ""
        self._told = ""
        self.page = Page(self._lines)

    def body(self) -> Iterable[Widget]:
        """Returns the stage, on which either the picture or its words stand."""
        return (Container(self.page, id="stage"),)

    def load(self) -> None:
        """Shows the picture; a change of the database changes nothing of one that is there."""
        if self._told != self._key:
            self._told = self._key
            self.show()

    @property
    def _key(self) -> str:
        return f"{self.place}/{self.present.path}"

    @property
    def present(self) -> Shown:
        """The picture that is on the screen."""
        return self.shown[self.place]

    def _step(self, by: int) -> None:
        place = max(0, min(self.place + by, len(self.shown) - 1))
        if place != self.place:
            self.place = place
            self.load()

    def action_look_filter(self) -> None:  # type: ignore[override]  # there is no list to look through
        """Does nothing."""

    def show(self) -> None:
        """Says what the picture is, and has it drawn if it can be."""
        one = self.present
        when = moment(one.at, self.desk.clock(), self.zone)
        count = f"{self.place + 1} of {len(self.shown)} · " if len(self.shown) > 1 else ""
        self.query_one(Title).say(self.NAME, f"{count}{one_line(one.words)} · {when}")
        drawn = one.path is not None and graphics.draws()
        self.tell_of("being opened …" if drawn else "")
        if drawn:
            self.draw(one)

    def tell_of(self, words: str) -> None:
        """Shows words in place of the picture."""
        stage = self.query_one("#stage", Container)
        stage.remove_class("-drawn")
        stage.query(".picture").remove()
        self.words = words
        self.page.relay()

    def _lines(self, width: int) -> list[Line]:
        one = self.present
        lines: list[Line] = [[]]
        named: Line = [(f"[photo] {one_line(one.words)}", "accent"), (f"  {one_line(one.content_type or '')}", "dim")]
        lines += wrap(named, width)
        if one.path is not None:
            lines += wrap([(inert(str(media.folder_of(self.desk.path) / one.path)), "dim")], width)
        if self.words:
            lines += [[], *wrap([(self.words, "text")], width)]
        return lines

    @work(group="picture", exclusive=True, exit_on_error=False)
    async def draw(self, one: Shown) -> None:
        """Decodes a picture and puts it on the stage."""
        kind = graphics.widget_for(self.app)
        try:
            picture, note = await decoded(self, one)
        except ValueError as fault:
            self.tell_of(f"It cannot be shown: {fault}.")
            return
        if one != self.present or not self.is_attached:
            return
        stage = self.query_one("#stage", Container)
        await stage.query(".picture").remove()
        # textual-image's widgets are made with a picture, Textual's are not.
        await stage.mount(kind(picture, classes="picture"))  # type: ignore[arg-type]
        stage.add_class("-drawn")
        if note:
            self.query_one(Title).say(self.NAME, f"{one_line(one.words)} · {note}")


async def decoded(screen: SideScreen, one: Shown) -> tuple[Image.Image, str]:
    """Returns a picture, decoded within bounds, and what is to be said of it. Raises ValueError with why not."""
    file = media.folder_of(screen.desk.path) / str(one.path)
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "philia_tui.decoding", str(file), str(WIDEST), str(WIDEST),
        stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL,
        preexec_fn=die_with_parent(),
    )  # fmt: skip
    try:
        said, _ = await asyncio.wait_for(child.communicate(), SECONDS)
    except TimeoutError:
        raise ValueError("decoding it took too long") from None
    finally:
        if child.returncode is None:
            child.kill()
            await child.wait()
    told, _, content = said.partition(b"\n")
    try:
        answer: dict[str, Any] = json.loads(told)
    except ValueError:
        raise ValueError("its decoder broke off") from None
    if "fault" in answer:
        raise ValueError(answer["fault"])
    # Loaded with textual-image by now.
    from PIL import Image  # noqa: PLC0415

    return Image.frombytes("RGB", (answer["width"], answer["height"]), content), str(answer["note"])
