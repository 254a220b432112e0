"""The queue: a virtual list over an order of ids and a page of rows, drawn a line at a time."""

from __future__ import annotations

import contextlib
import json
from array import array
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from textual import events
from textual.geometry import Region, Size
from textual.message import Message
from textual.strip import Strip

from philia_tui.inert import one_line
from philia_tui.telling import KIND_NAMES, intent_name, left, moment, quota, urgency
from philia_tui.widgets.painting import Scrolled
from philia_tui.wrapping import Line, cut, cut_line, fit, width_of
from store.clock import Clock
from store.views import Row

Reader = Callable[[Sequence[int]], dict[int, Row]]

PAGE = 40
"""Rows read at once: the screen and a little more on either side."""

STATE_CELLS = 16
"""Cells for the state and the kind of question where a conversation has one line: "✎ availability" and two more."""


class Queue(Scrolled, can_focus=True, inherit_bindings=False):
    """The list of conversations; knows no SQL, only how to ask for rows by their ids."""

    @dataclass
    class Opened(Message):
        """A conversation was clicked twice."""

        conversation: int

    def __init__(
        self,
        read: Reader,
        selected: Callable[[], None],
        clock: Clock,
        zone: ZoneInfo,
        quota_whole: int,
        *,
        id: str | None = None,  # noqa: A002  # Textual's name
    ) -> None:
        """Takes the way to read rows, and whom to tell that the cursor is on another conversation."""
        super().__init__(id=id)
        self._read = read
        self._selected = selected
        self._clock = clock
        self._zone = zone
        self._whole = quota_whole
        self._rows: dict[int, Row] = {}
        self.ids: array[int] = array("q")
        self.cursor = 0
        self.marks: set[int] = set()
        self.jumps: dict[int, str] = {}
        self.tall = True
        self.empty_words = ""
        self._drawn: dict[int, tuple[Line, str | None]] = {}
        self._strips: dict[int, tuple[tuple[Line, str | None, int] | None, Strip]] = {}

    # What is shown

    @property
    def row_height(self) -> int:
        """Lines that one conversation takes: two where there is room."""
        return 2 if self.tall else 1

    @property
    def selected(self) -> int | None:
        """The conversation under the cursor."""
        return self.ids[self.cursor] if 0 <= self.cursor < len(self.ids) else None

    def show(self, ids: array[int], *, keep: int | None) -> None:
        """Shows this order; the cursor stays on the conversation `keep`, or at its place in the list."""
        self.ids = ids
        self._rows.clear()
        if keep is not None and self.selected != keep:
            with contextlib.suppress(ValueError):
                self.cursor = ids.index(keep)
        self.cursor = max(0, min(self.cursor, len(ids) - 1))
        self._measure()
        self.reveal()
        self.redraw()

    def drop(self, conversations: set[int]) -> None:
        """Takes conversations out of the list at once, before the database has said so."""
        before = sum(1 for one in self.ids[: self.cursor] if one in conversations)
        self.ids = array("q", [one for one in self.ids if one not in conversations])
        self.cursor = max(0, min(self.cursor - before, len(self.ids) - 1))
        self._measure()
        self.reveal()
        self.redraw()

    def row(self, conversation: int) -> Row | None:
        """Returns the row of a conversation as the list shows it, reading its neighbours with it."""
        found = self._rows.get(conversation)
        if found is None:
            if len(self._rows) > 50 * PAGE:
                self._rows.clear()
            try:
                place = self.ids.index(conversation, max(0, self.cursor - PAGE)) if self.ids else 0
            except ValueError:
                place = -1
            wanted = [conversation] if place < 0 else self.ids[place : place + PAGE].tolist()
            self._rows.update(self._read(wanted))
            found = self._rows.get(conversation)
        return found

    def _row_at(self, place: int) -> Row | None:
        conversation = self.ids[place]
        found = self._rows.get(conversation)
        if found is None:
            if len(self._rows) > 50 * PAGE:
                self._rows.clear()
            start = max(0, place - PAGE // 4)
            self._rows.update(self._read(self.ids[start : start + PAGE].tolist()))
            found = self._rows.get(conversation)
        return found

    def forget_rows(self) -> None:
        """Reads what is on the screen again."""
        self._rows.clear()
        self.redraw()

    # Moving

    def move(self, by: int) -> None:
        """Moves the cursor, not past the ends."""
        self.go(max(0, min(self.cursor + by, len(self.ids) - 1)))

    def page(self, by: int) -> None:
        """Moves the cursor by pages."""
        self.move(by * max(1, self.scrollable_content_region.height // self.row_height - 1))

    def go(self, place: int) -> None:
        """Puts the cursor on a place of the list."""
        if place == self.cursor or not 0 <= place < len(self.ids):
            return
        old, self.cursor = self.cursor, place
        self._redraw(old)
        self._redraw(place)
        self.reveal()
        # At once and not by a message: the cursor and the panes it means come in one frame.
        self._selected()

    def find(self, conversation: int) -> bool:
        """Puts the cursor on a conversation; tells whether it is in the list."""
        try:
            self.go(self.ids.index(conversation))
        except ValueError:
            return False
        return True

    def reveal(self) -> None:
        """Scrolls so that the cursor can be seen: past an edge, to the middle.

        What comes next is in sight then, and one key in half a page draws the whole list anew instead of each.
        """
        top = self.cursor * self.row_height
        height = self.scrollable_content_region.height
        if height <= 0:
            return
        if top < self.scroll_offset.y or top + self.row_height > self.scroll_offset.y + height:
            self.scroll_to(y=max(0, top - height // (2 * self.row_height) * self.row_height), animate=False)

    # Drawing

    def render_line(self, y: int) -> Strip:
        """Draws one line of the screen."""
        width = self.size.width
        line, under = self._drawn[y] = self._line(y, width)
        # A step at the edge moves every row by one: what a row says is drawn already, one place further.
        place = y + self.scroll_offset.y
        said, strip = self._strips.get(place, (None, None))
        if strip is None or said != (line, under, width):
            if len(self._strips) > 20 * PAGE:
                self._strips.clear()
            strip = self.strip(line, width, under=under)
            self._strips[place] = (line, under, width), strip
        return strip

    def notify_style_update(self) -> None:
        """Forgets rows in old colours."""
        self._strips.clear()
        super().notify_style_update()

    def redraw(self) -> None:
        """Draws the lines that say something else than they did."""
        width = self.size.width
        for y in range(self.scrollable_content_region.height):
            if self._drawn.get(y) != self._line(y, width):
                self.refresh(Region(0, y, width, 1))

    def _line(self, y: int, width: int) -> tuple[Line, str | None]:
        place, part = divmod(y + self.scroll_offset.y, self.row_height)
        if not self.ids:
            return [(cut("  " + self.empty_words, width), "dim")] if y == 1 else [], None
        if place >= len(self.ids):
            return [], None
        row = self._row_at(place)
        if row is None:
            return [("  …", "dim")] if part == 0 else [], None
        under = "cursor" if place == self.cursor else "marked" if row.conversation in self.marks else None
        line = self._first(row, place, width) if part == 0 else self._second(row)
        return cut_line(line, width), under

    def _first(self, row: Row, place: int, width: int) -> Line:
        pointer = "▸" if place == self.cursor else " "
        mark = "✓" if row.conversation in self.marks else "●" if row.unread else " "
        room = 14 if width >= 50 else 11
        name = cut(one_line(row.name or row.user) or row.user, room)
        jump = self.jumps.get(row.conversation)
        line: Line = [
            (f"[{jump}]" if jump else pointer + mark, "key" if jump else "accent"),
            (" ", "text"),
            (name, "strong" if row.unread else "text"),
            (" " * (room + 1 - width_of([(name, "")])), "text"),
        ]
        if not self.tall:
            left_over = "" if row.quota_left is None else f"{row.quota_left}/{self._whole}"
            state, style = self._state(row)[0]
            state = state.replace("⚠ check · ", "⚠ ")
            line += [*self._window(row), (" ", "text")]
            line += [(left_over.rjust(5), "bad" if row.quota_left in {0, 1} else "dim")]
            line += [(f" {fit(state, STATE_CELLS)} ", style)]
        said = one_line(row.last_text)
        if row.last_kind != "text":
            named = KIND_NAMES.get(row.last_kind, one_line(row.last_kind))
            said = f"[{named}] {said}".rstrip()
        if row.last_role == "assistant":
            line.append(("you: ", "dim"))
        line.append((said, "text" if row.last_role == "user" else "dim"))
        return line

    def _second(self, row: Row) -> Line:
        line: Line = [("     ", "text"), *self._state(row), ("  ", "text"), *self._window(row)]
        if row.quota_left is not None:
            line += [("  ", "text"), (quota(row.quota_left, self._whole), "bad" if row.quota_left <= 1 else "dim")]
        labels = _labels(row.labels)
        if labels:
            line += [("  ", "text"), (one_line("#" + " #".join(labels)), "accent")]
        return line

    def _window(self, row: Row) -> Line:
        if row.window_closes_at is None:
            return [("⌛ ?" + " " * 4, "faint")]
        rest = row.window_closes_at - self._clock()
        pressing = urgency(rest)
        sign, style = {"now": (" !!", "bad"), "soon": (" !", "warn"), "closed": ("", "faint")}.get(
            pressing, ("", "dim")
        )
        return [((f"⌛ {left(rest)}{sign}").ljust(8), style)]

    def _state(self, row: Row) -> Line:
        now = self._clock()
        about = intent_name(row.intent) if row.intent else ""
        if row.blocked:
            return [("✗ blocked", "bad")]
        if row.queue == "snoozed" and row.snoozed_until is not None:
            return [(f"☾ until {moment(row.snoozed_until, now, self._zone)}", "dim")]
        if row.queue == "sending" and row.delivery_state is not None:
            if row.delivery_state == "held" and row.send_after is not None:
                return [(f"→ leaves in {left(max(0, row.send_after - now))}", "good")]
            return [("→ not sent yet, again soon" if row.delivery_state == "retrying" else "→ leaving", "good")]
        if row.queue == "in_doubt":
            return [("? in doubt", "bad")]
        if row.queue == "done":
            return [("· not sent", "bad") if row.delivery_state in {"failed", "expired"} else ("✓ done", "faint")]
        if row.draft_state in {"queued", "drafting"}:
            return [("… being written", "dim")]
        if row.draft_state == "ready":
            if row.verdict == "hold" or row.needs_owner:
                return [(f"⚠ check · {about}" if about else "⚠ check", "warn")]
            return [(f"✎ {about or 'draft'}", "good")]
        if row.delivery_state in {"failed", "expired"}:
            return [("✗ not sent", "bad")]
        return [("· no draft", "dim")]

    def _measure(self) -> None:
        self.virtual_size = Size(self.scrollable_content_region.width, len(self.ids) * self.row_height)

    def _redraw(self, place: int) -> None:
        top = place * self.row_height - self.scroll_offset.y
        self.refresh(Region(0, top, self.size.width, self.row_height))

    # Events

    def on_resize(self) -> None:
        """Keeps the cursor in sight."""
        self._measure()
        self.reveal()

    def on_click(self, event: events.Click) -> None:
        """Selects; twice opens."""
        place = (event.y + self.scroll_offset.y) // self.row_height
        if 0 <= place < len(self.ids):
            self.go(place)
            if event.chain == 2:
                self.post_message(self.Opened(self.ids[place]))


def _labels(text: str) -> list[str]:
    if text in {"", "[]"}:
        return []
    try:
        found = json.loads(text)
    except ValueError:
        return []
    return [str(one) for one in found] if isinstance(found, list) else []
