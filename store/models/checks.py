"""Constraints that more than one table has."""

from __future__ import annotations

from sqlalchemy import CheckConstraint


def one_of(column: str, allowed: tuple[str, ...]) -> CheckConstraint:
    """Returns the constraint that a column holds one of the allowed words."""
    listed = ", ".join(f"'{value}'" for value in allowed)
    return CheckConstraint(f"{column} IN ({listed})", name=f"{column}_allowed")
