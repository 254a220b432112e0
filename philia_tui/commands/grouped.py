"""`--help` by what one wants to do: the groups of commands, and a list that shows them in plain lines.

Plain lines, not boxes: a screen reader reads a frame aloud, and a list of words can do without importing rich.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from typer.core import TyperGroup

if TYPE_CHECKING:
    from typer._click import Context, HelpFormatter

EVERY_DAY: Final = "Every day"
SETTING_UP: Final = "Setting up"
RUNNING: Final = "Running it"
DATA: Final = "Your data"
TRYING: Final = "Trying things out"

GROUPS: Final = (EVERY_DAY, SETTING_UP, RUNNING, DATA, TRYING)
"""In the order in which they are shown."""


class Grouped(TyperGroup):
    """A command with commands below it: listed group by group, each with its whole first sentence."""

    def format_commands(self, ctx: Context, formatter: HelpFormatter) -> None:
        """Writes the list; commands without a group come first."""
        groups: dict[str, list[tuple[str, str]]] = {}
        for name in self.list_commands(ctx):
            command = self.get_command(ctx, name)
            if command is not None and not command.hidden:
                group = getattr(command, "rich_help_panel", None)
                sentence = (command.help or "").partition("\n\n")[0].replace("\n", " ")
                groups.setdefault(group if isinstance(group, str) else "Commands", []).append((name, sentence))
        # One width for all, so that the eye runs down one column.
        width = max((len(name) for rows in groups.values() for name, _ in rows), default=0)
        order = ("Commands", *GROUPS)
        for group in sorted(groups, key=order.index):
            with formatter.section(group):
                formatter.write_dl([(name.ljust(width), sentence) for name, sentence in groups[group]])
