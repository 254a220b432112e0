"""The draft with its numbered claims, or the word for why there is none."""

from __future__ import annotations

from philia_tui.inert import inert, one_line
from philia_tui.telling import DRAFT_WORDS, SUPERSCRIPTS, many
from philia_tui.widgets.lines import LinesPane
from philia_tui.wrapping import Line, wrap
from store.views import DraftView, Mark

LIMIT = 200
"""Characters a reply should keep to."""


class Draft(LinesPane, can_focus=True):
    """Shows the draft of the selected conversation."""

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002  # Textual's name
        """Starts with no draft."""
        super().__init__(id=id)
        self.draft: DraftView | None = None
        self.words = ""
        self.translated = False

    def show(self, draft: DraftView | None, words: str = "") -> None:
        """Shows a draft, or says in words why there is none."""
        if draft is None or self.draft is None or draft.id != self.draft.id:
            self.scroll_to(y=0, animate=False)
        self.draft = draft
        self.words = words
        self.entitle(title(draft))
        self.relay()

    def lay(self, width: int) -> list[Line]:
        """Returns the lines of the draft."""
        draft = self.draft
        if draft is None:
            return wrap([(self.words, "dim")], width)
        if draft.state in {"queued", "drafting"}:
            told: Line = [(DRAFT_WORDS[draft.state], "dim")]
            if draft.instruction:
                told.append((f" · as you asked: {one_line(draft.instruction)}", "dim"))
            return wrap(told, width)
        lines = wrap(numbered(draft), width)
        if self.translated:
            text = draft.translation or "The drafter gave no translation."
            lines += [[("", "text")], *wrap([("≈ ", "accent"), (inert(text, lines=True), "dim")], width)]
        elif draft.translation:
            language = one_line(draft.language or "") or "their language"
            lines.append([(f"≈ in {language}; {self.key_of('translate')} shows what it says", "dim")])
        if draft.hold_reason:
            lines += wrap([("⚠ ", "warn"), (one_line(draft.hold_reason), "warn")], width)
        return lines


def numbers(marks: tuple[Mark, ...]) -> dict[int, int]:
    """Numbers the claims as the evidence lists them: by place in the text, equal facts share a number."""
    given: dict[tuple[str | None, str | None, str | None, bool], int] = {}
    return {
        place: given.setdefault((mark.sku, mark.field or mark.kind, mark.value, mark.backed), len(given) + 1)
        for place, mark in enumerate(marks)
    }


def numbered(draft: DraftView) -> Line:
    """Returns the draft's text with a raised number behind every claim; an unbacked one is struck with a ?."""
    spans: Line = []
    done = 0
    number = numbers(draft.marks)
    for place, mark in sorted(enumerate(draft.marks), key=lambda one: (one[1].start, one[1].end)):
        start, end = max(mark.start, done), min(mark.end, len(draft.text))
        if end <= start:
            continue
        spans.append((inert(draft.text[done:start], lines=True), "text"))
        style = "claim" if mark.backed else "unbacked"
        spans.append((inert(draft.text[start:end], lines=True), style))
        spans.append((str(number[place]).translate(SUPERSCRIPTS) + ("" if mark.backed else "?"), style))
        done = end
    spans.append((inert(draft.text[done:], lines=True), "text"))
    return spans


def title(draft: DraftView | None) -> str:
    """Returns the pane's title: who wrote it, from which prompt, how fast, how long."""
    if draft is None:
        return " Draft "
    parts = ["Draft"]
    if draft.drafter == "house":
        parts.append("house")
    elif draft.model:
        parts.append(one_line(draft.model))
    if draft.prompt_version is not None and draft.drafter == "model":
        parts.append(f"prompt v{draft.prompt_version}")
    if draft.latency_ms is not None and draft.drafter == "model":
        parts.append(f"{draft.latency_ms / 1000:.1f} s")
    if draft.state == "ready":
        length = len(draft.text)
        parts.append(many(length, "character") + (f" · over {LIMIT}" if length > LIMIT else ""))
    else:
        parts.append(DRAFT_WORDS.get(draft.state, draft.state))
    return " " + " · ".join(parts) + " "
