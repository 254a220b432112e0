"""Text fields on the inbox: while one is open no verb acts, and no key that was typed for it goes astray.

Keys of one burst are handed to the widget that had the focus when they came. `e` and the first words after it may
arrive together, before the editor exists; those words are kept and given to it, and never taken for verbs.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from textual import events
from textual.screen import Screen
from textual.widget import Widget

from philia_tui import keys

if TYPE_CHECKING:
    from philia_tui.widgets.ask import Ask
    from philia_tui.widgets.editor import Editor

BLOCKED = frozenset(key.id for scope in (keys.INBOX, keys.MOVING, keys.LOOKING, *keys.BESIDE) for key in scope)


class Typing(Screen[None]):
    """Keeps verbs and words apart."""

    typing = False
    jumping = False
    _early: list[events.Key] | None = None

    def on_mount(self) -> None:
        """Draws everything anew after each later change of the layout, which no key that only moves causes.

        Textual 8.2 forgets what a removed toast or question covered when a place is asked for before the layout is made
        (`Compositor.full_map` is renewed and nothing is marked): it stayed until something else was drawn there.
        """
        self.call_after_refresh(self.screen_layout_refresh_signal.subscribe, self, self._draw_anew, immediate=True)

    def _draw_anew(self, _screen: Screen[object]) -> None:
        self.refresh()

    def begin_typing(self) -> None:
        """From this very moment keys are words."""
        self.typing = True
        self._early = self._early or []
        self.refresh_bindings()

    def end_typing(self) -> None:
        """From now on keys are verbs again."""
        self.typing = False
        self._early = None
        self.refresh_bindings()

    async def ask(
        self,
        label: str,
        *,
        value: str = "",
        placeholder: str = "",
        preview: Callable[[str], str] | None = None,
        typed: Callable[[str], None] | None = None,
    ) -> str | None:
        """Asks for one line at the bottom; None when Escape was pressed. Call it in a worker."""
        # 15 ms, loaded in the background after the first paint.
        from philia_tui.widgets.ask import Ask  # noqa: PLC0415

        self.begin_typing()
        await self.query("#ask").remove()
        asked = Ask(label, value=value, placeholder=placeholder, preview=preview, typed=typed)
        await self.mount(asked)
        answer = await asked.answer
        if asked.is_attached:
            await asked.remove()
        self.end_typing()
        self.focus_home()
        return answer

    def land(self, letter: str) -> None:
        """Goes where a letter of the jump mode stands; only rows have such letters."""

    def focus_home(self) -> None:
        """Gives the keys back to what they belong to: to the screen itself, unless it has a list."""
        self.set_focus(None)

    def on_editor_ready(self, event: Editor.Ready) -> None:
        """The editor can be typed into."""
        self.field_ready(event.field)

    def on_ask_ready(self, event: Ask.Ready) -> None:
        """The question can be answered."""
        self.field_ready(event.field)

    def field_ready(self, field: Widget) -> None:
        """Gives the field the focus and what was typed for it already."""
        field.focus()
        early, self._early = self._early or [], None
        for key in early:
            field.post_message(_again(key))

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Lets no verb act while something is being typed."""
        if self.typing and action in BLOCKED:
            return False
        return super().check_action(action, parameters)

    def take(self, key: events.Key) -> bool:
        """Takes a key before it can become a verb; tells whether it did.

        Such a key was in flight when the field was asked for, or when it got the focus: a field takes every letter
        itself, so one that comes up to the app was not typed for anything behind it.
        """
        if self.jumping:
            self.land(key.character or key.key)
            return True
        if not self.typing:
            return False
        if self._early is not None:
            self._early.append(key)
            return True
        focused = self.focused
        if focused is not None and focused.id in {"ask-input", "editor"} and key.is_printable:
            focused.post_message(_again(key))
            return True
        return False


def _again(key: events.Key) -> events.Key:
    """Returns the same key as a new event: one that was forwarded is not handled twice."""
    return events.Key(key.key, key.character)
