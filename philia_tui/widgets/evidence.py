"""Why: each claim of the draft with the row it came from, as that row is now."""

from __future__ import annotations

from collections.abc import Mapping

from philia_tui.inert import one_line
from philia_tui.telling import SUPERSCRIPTS, ago, many
from philia_tui.widgets.draft import numbers
from philia_tui.widgets.lines import LinesPane
from philia_tui.wrapping import Line, wrap
from store.clock import Clock
from store.stock import Unit, in_unit, money
from store.views import Basis, DraftView, Mark

CURRENCY_SIGNS: Mapping[str, str] = {"USD": "$", "EUR": "€", "GBP": "£"}


class Evidence(LinesPane, can_focus=True):
    """Shows what the draft stands on, and what it does not."""

    def __init__(self, clock: Clock, unit: Unit, *, id: str | None = None) -> None:  # noqa: A002  # Textual's name
        """Takes the shop's unit of length."""
        super().__init__(id=id)
        self._clock = clock
        self._unit = unit
        self.draft: DraftView | None = None
        self._warnings: list[tuple[str, str]] = []
        self._holes: list[str] = []

    def show(self, draft: DraftView | None) -> None:
        """Shows the evidence of a draft."""
        self.draft = draft if draft is not None and draft.state not in {"queued", "drafting"} else None
        self.entitle(title(self.draft))
        self.relay()

    def warn(self, warnings: list[tuple[str, str]], holes: list[str]) -> None:
        """Shows what nothing backs in the text under the owner's hands, as (words, why)."""
        if (warnings, holes) != (self._warnings, self._holes):
            self._warnings, self._holes = warnings, holes
            count = len(warnings) + len(holes)
            self.entitle(f" Why · {many(count, 'word')} of yours not backed ⚠ " if count else title(self.draft))
            self.relay()
            self.scroll_to(y=0, animate=False)

    def tick(self) -> None:
        """Lets "checked N s ago" grow."""
        if self.draft is not None and self.draft.basis:
            self.relay()

    def lay(self, width: int) -> list[Line]:
        """Returns the lines of the evidence."""
        draft = self.draft
        lines: list[Line] = []
        for hole in self._holes:
            lines += wrap([("✗ ", "bad"), (one_line(hole), "unbacked"), (" is not filled in", "bad")], width)
        for words, why in self._warnings:
            lines += wrap(
                [("⚠ yours: ", "warn"), (f"“{one_line(words)}” ", "unbacked"), (one_line(why), "warn")],
                width,
                indent=[("  ", "text")],
            )
        if draft is None:
            return lines
        for start, end, why in draft.reasons:
            spot = one_line(draft.text[start:end])
            spans: Line = [("✗ ", "bad")]
            if spot:
                spans += [(f"“{spot}” ", "unbacked")]
            lines += wrap([*spans, (one_line(why), "bad")], width, indent=[("  ", "text")])
        number = numbers(draft.marks)
        told: set[int] = set()
        for place, mark in enumerate(draft.marks):
            if number[place] in told:
                continue
            told.add(number[place])
            lines += wrap(self._claim(number[place], mark), width, indent=[("  ", "text")])
        for piece in draft.basis:
            lines += wrap(self._piece(piece, draft), width, indent=[("  ", "text")])
        if not draft.marks and not draft.reasons:
            lines.append([("It claims nothing that a row would have to back.", "dim")])
        for query, found in draft.searches[:4]:
            lines += wrap(
                [("⌕ ", "dim"), (f"searched “{one_line(query)}” · {many(found, 'piece')} found", "dim")], width
            )
        return lines

    def _claim(self, number: int, mark: Mark) -> Line:
        raised = str(number).translate(SUPERSCRIPTS)
        style = "claim" if mark.backed else "unbacked"
        field = one_line((mark.field or mark.kind).replace("_", " "))
        spans: Line = [(f"{raised} ", style), (field, "text")]
        if mark.value is not None:
            spans.append((f" {one_line(mark.value)}", "strong"))
        if mark.sku:
            spans.append((f"  {one_line(mark.sku)}", "dim"))
        elif mark.grounding == "policy":
            spans.append(("  the shop's policy", "dim"))
        spans.append(
            ("  ✓ " + mark.grounding if mark.backed else "  ✗ nothing backs it", "good" if mark.backed else "bad")
        )
        return spans

    def _piece(self, piece: Basis, draft: DraftView) -> Line:
        status = "on hold" if piece.status == "held" else piece.status
        spans: Line = [("▪ ", "dim"), (one_line(piece.sku), "accent"), (f" {one_line(piece.name)} ", "text")]
        spans.append((status, "good" if piece.status == "available" else "warn"))
        if piece.held_for:
            spans.append((f" for {one_line(piece.held_for)}", "warn"))
        facts = []
        if piece.price_cents is not None:
            facts.append(f"{CURRENCY_SIGNS.get(piece.currency, piece.currency + ' ')}{money(piece.price_cents)}")
        if piece.size:
            facts.append(f"size {one_line(piece.size)}")
        facts += [
            f"{one_line(kind.replace('_', '-'))} {in_unit(mm, self._unit):g} {self._unit}"
            for kind, mm in list(piece.measurements.items())[:4]
        ]
        spans.append((", " + ", ".join(facts) if facts else "", "dim"))
        if draft.ready_at is not None:
            spans.append((f", checked {ago(self._clock() - draft.ready_at)}", "dim"))
        if piece.seen_revision is not None and piece.seen_revision != piece.revision:
            spans.append((" · CHANGED since the draft", "bad"))
        return spans


def title(draft: DraftView | None) -> str:
    """Returns the pane's title: how many of the claims are backed."""
    if draft is None:
        return " Why "
    backed = sum(1 for mark in draft.marks if mark.backed)
    if draft.reasons or backed < len(draft.marks):
        open_ones = max(len(draft.marks) - backed, len(draft.reasons))
        return f" Why · {many(open_ones, 'claim')} not backed ✗ "
    if not draft.marks:
        return " Why · no claims "
    return f" Why · all {many(backed, 'claim')} backed ✓ " if backed > 1 else " Why · its claim is backed ✓ "
