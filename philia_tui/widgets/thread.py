"""The thread: what was said, by whom, with day lines; older messages are read as they are scrolled to."""

from __future__ import annotations

from collections.abc import Callable
from zoneinfo import ZoneInfo

from philia_tui.inert import inert, one_line
from philia_tui.telling import DELIVERY_WORDS, KIND_NAMES, clock_time, day, left
from philia_tui.widgets.lines import LinesPane
from philia_tui.wrapping import Line, wrap
from store.clock import Clock
from store.views import Said, Sending

Older = Callable[[tuple[int, int]], list[Said]]

LONGEST = 4_000
"""Characters of one message that are drawn: a screen is no place for a megabyte; `philia inbox show` has all of it."""

SIGNS = {"customer": " ", "owner": "you ", "auto": "auto ", "phone": "phone "}


class Thread(LinesPane, can_focus=True):
    """One conversation, newest at the bottom."""

    def __init__(self, older: Older, clock: Clock, zone: ZoneInfo, *, id: str | None = None) -> None:  # noqa: A002  # Textual's name
        """Takes the way to read what was said before a message."""
        super().__init__(id=id)
        self._older = older
        self._clock = clock
        self._zone = zone
        self._said: list[Said] = []
        self._sendings: list[Sending] = []
        self._read_at: int | None = None
        self._whole = True
        self.words: tuple[str, ...] = ()
        self.conversation: int | None = None

    def show(
        self, conversation: int | None, said: list[Said], sendings: list[Sending], *, read_at: int | None, whole: bool
    ) -> None:
        """Shows a conversation from its end; `whole` tells that nothing older is in the store."""
        same = conversation == self.conversation
        at_end = self.scroll_offset.y >= len(self.lines) - self.scrollable_content_region.height
        if same and self._said and said and len(self._said) > len(said):
            # Older pages that were scrolled to stay; the newest page is taken as it is now.
            first = (said[0].at, said[0].id)
            said = [one for one in self._said if (one.at, one.id) < first] + said
            whole = self._whole
        self.conversation = conversation
        self._said, self._sendings, self._read_at, self._whole = said, sendings, read_at, whole
        self.relay()
        if not same or at_end:
            self._to_end()

    @property
    def has_sendings(self) -> bool:
        """Whether a countdown runs here."""
        return bool(self._sendings)

    def on_resize(self) -> None:
        """Lays out again and stays at the end."""
        self.relay()
        self._to_end()

    def scroll_lines(self, by: int) -> None:
        """Scrolls, reading older messages when the top is near."""
        self.scroll_to(y=max(0, self.scroll_offset.y + by), animate=False)
        self._look_back()

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        """Reads older messages when the wheel or the bar nears the top."""
        super().watch_scroll_y(old_value, new_value)
        if new_value < old_value and new_value < 3:
            self.call_later(self._look_back)

    def _look_back(self) -> None:
        if self._whole or not self._said or self.scroll_offset.y > 3:
            return
        before = self._older((self._said[0].at, self._said[0].id))
        self._whole = not before
        height = len(self.lines)
        self._said = before + self._said
        self.relay()
        self.scroll_to(y=self.scroll_offset.y + len(self.lines) - height, animate=False)

    def _to_end(self) -> None:
        self.scroll_to(y=max(0, len(self.lines) - self.scrollable_content_region.height), animate=False)

    def lay(self, width: int) -> list[Line]:
        """Returns the lines of the thread."""
        now = self._clock()
        lines: list[Line] = []
        shown_day = ""
        if not self._said and not self._sendings:
            if self.conversation is not None:
                return [[("", "text")], [("  nothing was said yet", "dim")]]
            return [line for words in self.words for line in wrap([(words, "dim")], width, indent=[("  ", "text")])]
        for one in self._said:
            named = day(one.at, now, self._zone)
            if named != shown_day:
                lines.append(_rule(named, width))
                shown_day = named
            lines += self._message(one, width)
        for leaving in self._sendings:
            lines += self._leaving(leaving, width, now)
        return lines

    def _message(self, one: Said, width: int) -> list[Line]:
        time = clock_time(one.at, self._zone)
        who = SIGNS.get(one.source, "")
        style = one.source if one.source in SIGNS else "text"
        text = one.text if len(one.text) <= LONGEST else one.text[:LONGEST] + f" … {len(one.text)} characters in all"
        spans: Line = []
        if one.kind != "text" or one.attachments:
            names = ", ".join(one_line(name) for name in one.attachments)
            if one.picture is not None and one.picture.path is not None:
                names += f" · {self.key_of('picture')} opens it"
            kind = KIND_NAMES.get(one.kind, one_line(one.kind)) if one.kind != "text" else "attached"
            spans.append((f"[{kind}{': ' + names if names and names != kind else ''}] ", "accent"))
        spans.append((inert(text, lines=True), "text" if one.source == "customer" else style))
        if one.role == "assistant":
            read = self._read_at is not None and self._read_at >= one.at
            spans.append(("  ✓✓ read" if read else "  ✓", "faint"))
        lead: Line = [(f" {time} ", "faint"), (who, style)]
        indent = " " * (7 if one.source == "customer" else 7 + len(who))
        return wrap([*lead, *spans], width, indent=[(indent, "text")])

    def _leaving(self, one: Sending, width: int, now: int) -> list[Line]:
        words = DELIVERY_WORDS.get(one.state, one.state).format(left=left(max(0, one.send_after - now)))
        bad = one.state in {"failed", "expired", "unknown", "needs_owner"}
        keys = ""
        if one.state == "held":
            keys = f" · {self.key_of('undo')} takes it back · {self.key_of('send_now')} sends it now"
        elif one.state in {"needs_owner", "failed", "expired"}:
            keys = f" · {self.key_of('doubt')} settles it"
        text = wrap(
            [(" →     ", "good" if not bad else "bad"), (inert(one.text, lines=True), "owner")],
            width,
            indent=[("       ", "text")],
        )
        told: Line = [(words + keys, "bad" if bad else "good")]
        if one.reason:
            told.append((f" · {one_line(one.reason)}", "dim"))
        return text + wrap([("       ", "text"), *told], width, indent=[("       ", "text")])


def _rule(named: str, width: int) -> Line:
    side = max(1, (width - len(named) - 2) // 2)
    return [("─" * side, "faint"), (f" {named} ", "dim"), ("─" * max(0, width - side - len(named) - 2), "faint")]
