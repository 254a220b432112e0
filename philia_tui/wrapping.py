"""Lays styled text into lines of cells: words are kept whole where they fit, wide characters count two.

A line is a list of (text, style name); the widget turns names into colours, so that a theme or NO_COLOR changes
nothing here. Texts must have been made inert before.
"""

from __future__ import annotations

from collections.abc import Iterable

from rich.cells import cell_len, get_character_cell_size

Span = tuple[str, str]
Line = list[Span]


def width_of(line: Line) -> int:
    """Returns the cells a line takes."""
    return sum(cell_len(text) for text, _ in line)


def cut(text: str, cells: int) -> str:
    """Returns the text in at most `cells` cells, with … where something was left out."""
    if cell_len(text) <= cells:
        return text
    if cells <= 0:
        return ""
    kept: list[str] = []
    used = 0
    for character in text:
        used += get_character_cell_size(character)
        if used > cells - 1:
            break
        kept.append(character)
    return "".join(kept) + "…"


def fit(text: str, cells: int) -> str:
    """Returns the text in exactly `cells` cells: a column stays one whatever its letters' width."""
    short = cut(text, cells)
    return short + " " * (cells - cell_len(short))


def cut_line(line: Line, cells: int) -> Line:
    """Returns the line in at most `cells` cells."""
    if width_of(line) <= cells:
        return line
    kept: Line = []
    for text, style in line:
        room = cells - width_of(kept)
        if cell_len(text) > room:
            kept.append((cut(text, room), style))
            break
        kept.append((text, style))
        if cell_len(text) == room:
            # Full to the brim and more was to come: the last character gives way to the sign.
            last, name = kept.pop()
            kept.append((cut(last + "  ", cell_len(last)), name))
            break
    return kept


def wrap(spans: Iterable[Span], width: int, *, indent: Line | None = None) -> list[Line]:
    """Breaks styled text into lines of at most `width` cells; later lines begin with `indent`."""
    width = max(1, width)
    lead = indent or []
    lead_width = width_of(lead)
    if lead_width >= width:
        lead, lead_width = [], 0
    lines: list[Line] = [[]]
    used = 0
    fresh = True
    for text, style in spans:
        for number, part in enumerate(text.split("\n")):
            if number:
                lines.append(list(lead))
                used, fresh = lead_width, True
            for whole in _words(part):
                word = whole
                cells = cell_len(word)
                if word == " ":
                    if used + 1 > width:
                        lines.append(list(lead))
                        used, fresh = lead_width, True
                    elif not fresh or len(lines) == 1:
                        lines[-1].append((" ", style))
                        used += 1
                    continue
                if used + cells > width and not fresh:
                    lines.append(list(lead))
                    used, fresh = lead_width, True
                while used + cells > width:
                    head, word = _chop(word, width - used)
                    lines[-1].append((head, style))
                    lines.append(list(lead))
                    used, cells = lead_width, cell_len(word)
                if word:
                    lines[-1].append((word, style))
                    used += cells
                    fresh = False
    return [_join(line) for line in lines]


def _words(text: str) -> Iterable[str]:
    word: list[str] = []
    for character in text:
        if character == " ":
            if word:
                yield "".join(word)
                word = []
            yield " "
        else:
            word.append(character)
    if word:
        yield "".join(word)


def _chop(word: str, cells: int) -> tuple[str, str]:
    used = 0
    for number, character in enumerate(word):
        used += get_character_cell_size(character)
        if used > cells:
            # A character wider than the whole line is put down all the same, or this would never end.
            end = max(1, number) if cells > 0 else number
            return word[:end], word[end:]
    return word, ""


def _join(line: Line) -> Line:
    joined: Line = []
    for text, style in line:
        if joined and joined[-1][1] == style:
            joined[-1] = (joined[-1][0] + text, style)
        else:
            joined.append((text, style))
    return joined
