"""Says which piece each clause is about. What cannot be told apart must be true of every piece it may mean."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from server.agent.grounding.clauses import Clause
from server.agent.grounding.rows import Row
from server.agent.grounding.scan import Unit

_PRONOUNS: Final = frozenset({"it", "she", "he", "they", "its", "this", "es", "esta", "este", "son"})
_ARTICLES: Final = frozenset({"the", "this", "that", "these", "those", "la", "el", "las", "los"})
IDENTITY: Final = ("colour", "garment", "material", "era")


def identifies(unit: Unit) -> bool:
    """Tells whether the unit helps to say which piece is meant."""
    if unit.kind in {"mention", "era"}:
        return True
    if unit.kind != "word" or unit.done:
        return False
    if not unit.tags:
        return True
    return any(label in unit.tags for label in IDENTITY) and "function" not in unit.tags


def backs(row: Row, unit: Unit, *, loosely: bool = True) -> bool:
    """Tells whether the row's fields and name (loosely: its wider kind and description too) say this."""
    tags = unit.tags
    if unit.kind == "era":
        if unit.label[:-1] in row.stems:
            return True  # "Chuck 70s" are more than one Chuck 70
        return unit.label in _eras(row.tags, row.stems) or (
            loosely and unit.label in _eras(row.described_tags, row.described)
        )
    for label in IDENTITY:
        if label not in tags:
            continue
        if label == "garment":
            return tags[label] in (row.wider_garments if loosely else row.garments) or (loosely and _named(row, unit))
        if label == "era" and tags[label] == "old":
            return _named(row, unit) or (loosely and all(word in row.described for word in unit.keys))
        if label == "era":
            return tags[label] in _eras(row.tags, row.stems) or (
                loosely and tags[label] in _eras(row.described_tags, row.described)
            )
        if tags[label] in row.tags.get(label, ()):
            return True
        if label == "colour" and "material" in tags and tags["material"] in row.tags.get("material", ()):
            return True
        if loosely and row.describes(label, tags[label]):
            return True
        if label == "colour" and "condition" in tags:
            continue
        return False
    if _named(row, unit):
        return True
    return loosely and (unit.stem in row.described or unit.key in row.described)


def _eras(tags: dict[str, set[str]], stems: set[str]) -> set[str]:
    known = set(tags.get("era", ()))
    known |= {stem for stem in stems if stem[:1].isdigit() and stem.endswith("0s")}
    if "2000s" in known or "00s" in known:
        known |= {"2000s", "00s", "y2k"}
    return known


def _named(row: Row, unit: Unit) -> bool:
    if len(unit.keys) > 1:
        return all(word in row.stems for word in unit.keys)
    return unit.key in row.stems or unit.stem in row.stems


def _names(units: Sequence[Unit], unit: Unit) -> bool:
    """Tells whether the unit names a piece ("the red one") or says something of it ("it is red")."""
    at = units.index(unit)
    if any(other.key in _PRONOUNS for other in units[:at]):
        return False
    if unit.kind == "mention" or "garment" in unit.tags or not unit.tags:
        return True
    before = units[at - 1].key if at else ""
    after = [other.key for other in units[at + 1 : at + 4]]
    return before in {"la", "el", "las", "los"} or (
        before in {"the", "this", "that"} and bool({"one", "ones", "piece"} & set(after))
    )


class Focus:
    """Follows which piece the reply is speaking of, clause by clause."""

    def __init__(self, rows: Sequence[Row], start: frozenset[int]) -> None:
        self.rows = rows
        self.current = start
        self.group: list[int] = []
        """Pieces named so far, in order."""

    def bind(self, clause: Clause) -> None:
        """Sets `clause.rows` and `clause.sure`."""
        every = frozenset(range(len(self.rows)))
        units = [unit for unit in clause.units if identifies(unit)]
        if clause.prefers:
            units = [unit for unit in units if unit.kind == "mention"]
        if self._of_both(clause, units):
            named = frozenset(self.group)
            everything = any(unit.tags.get("both", "").startswith(("all", "tod")) for unit in clause.units)
            two = next((group for group in (named, every) if len(group) == 2), frozenset[int]())
            clause.rows, clause.sure = every if everything else two, True
            return
        if len(self.current) == 1 and not any(_names(clause.units, unit) for unit in units):
            clause.rows, clause.sure = self.current, True
            return
        if len(self.current) == 1 and self._tells_of(clause, units):
            clause.rows, clause.sure = self.current, True
            return
        exact, loose = self._narrow(every, units)
        if not units or exact is None:
            clause.rows, clause.sure = self.current, len(self.current) == 1
            return
        rows = exact
        if self.current and len(self.current) == 1 and not any(unit.kind == "mention" for unit in units):
            rows = self.current if self.current <= exact else exact | self.current if self.current <= loose else exact
        clause.rows, clause.sure = rows, len(rows) == 1
        if len(rows) == 1:
            self.current = rows
            for number in rows:
                if number not in self.group:
                    self.group.append(number)
        elif rows:
            self.current = rows

    def _of_both(self, clause: Clause, units: Sequence[Unit]) -> bool:
        """Tells whether "both" stands for the pieces: "both have a zip fly", not "both the Nike and the Fila"."""
        at = next((at for at, unit in enumerate(clause.units) if "both" in unit.tags), None)
        if at is None:
            return False
        # What follows "both" is said of them, unless it is their names.
        naming = [
            unit for unit in units if unit.kind == "mention" or "garment" in unit.tags or clause.units.index(unit) < at
        ]
        return not any(_names(clause.units, unit) for unit in naming)

    def _tells_of(self, clause: Clause, units: Sequence[Unit]) -> bool:
        """Tells whether the clause only says more of the piece spoken of: "leather upper", no "the leather one"."""
        row = self.rows[min(self.current)]
        for unit in units:
            before = clause.units[clause.units.index(unit) - 1].keys[-1] if clause.units.index(unit) else ""
            points = before in _ARTICLES and any(backs(other, unit, loosely=False) for other in self.rows)
            if unit.kind == "mention" or points or not backs(row, unit):
                return False
            if "garment" in unit.tags and not backs(row, unit, loosely=False):
                return False
        return bool(units)

    def _narrow(self, every: frozenset[int], units: Sequence[Unit]) -> tuple[frozenset[int] | None, frozenset[int]]:
        """Returns the pieces that all the units fit exactly (None when no unit fits any piece) and loosely."""
        exact, loose, any_fits = every, every, False
        for unit in sorted(units, key=lambda unit: unit.kind != "mention"):
            if unit.kind == "mention":
                strict = wide = unit.rows
            else:
                strict = frozenset(number for number in every if backs(self.rows[number], unit, loosely=False))
                wide = strict
                if unit.tags or unit.kind == "era":
                    # Descriptions are read only where the fields do not settle it.
                    open_ = self.current - strict if strict else every
                    wide |= frozenset(number for number in open_ if backs(self.rows[number], unit))
                strict = strict or wide
            if not wide:
                continue
            any_fits = True
            exact = exact & strict or exact & wide or exact
            loose = loose & wide or loose
        return (exact if any_fits else None), loose
