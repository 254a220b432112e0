"""Every key of the inbox by its public name: bindings, help, palette and hints are all built from this one table.

The names are for config.toml (`[inbox] keys.approve = "a"`) and never change their meaning. Lower case is this one,
capital the wider form. No letter acts while a text field has the focus: the field takes it first.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final, NamedTuple

from textual.binding import Binding, BindingType


class Key(NamedTuple):
    """One command: its public name, its default keys, what it is called and what it does."""

    id: str
    keys: str
    name: str
    does: str
    action: str = ""
    hint: bool = False
    """Whether the bottom line shows it."""

    def binding(self) -> Binding:
        """Returns the binding that Textual wants."""
        return Binding(
            self.keys,
            self.action or self.id,
            self.name,
            show=self.hint,
            id=self.id,
            tooltip=self.does,
        )


INBOX: Final = (
    Key("approve", "a", "approve", "Send this draft as it stands; undo takes it back for a few seconds", hint=True),
    Key("approve_all", "A", "approve all", "Send every draft of this list whose claims are all backed; asks first"),
    Key("edit", "e", "edit", "Change the draft, then look at it once more before it goes", hint=True),
    Key("edit_outside", "E", "edit outside", "Change the draft in $EDITOR, then look at it once more"),
    Key("instruct", "i", "instruct", "Say in words how to write it again", hint=True),
    Key("write", "I", "write", "Write a reply of your own, draft or no draft"),
    Key("reject", "r", "reject", "Throw the draft away, with a reason", hint=True),
    Key("redraft", "R", "redraft", "Have a new draft written from the stock as it is now"),
    Key("snooze", "s", "snooze", "Put the thread away until a time: 2h, tomorrow 9:00, monday", hint=True),
    Key("unsnooze", "S", "wake up", "Bring a snoozed thread back now"),
    Key("hold", "h", "hold", "Hold the piece for this customer and draft the confirmation", hint=True),
    Key("release", "H", "release", "End the hold on the piece"),
    Key("sold", "x", "sold", "Mark the piece sold: every thread about it is tidied"),
    Key("unsold", "X", "not sold", "Make a sold piece available again"),
    Key("undo", "u", "undo", "Take the last thing back", hint=True),
    Key("undo_all", "U", "undo all", "Take back everything of yours that has not left yet"),
    Key("send_now", "y", "send now", "Do not wait for undo: send what is held here now"),
    Key("why", "w", "why", "Show the whole evidence of the draft"),
    Key("note", "m", "note", "Keep a note with this conversation"),
    Key("note_customer", "M", "note on the customer", "Keep a note with the customer, in all her conversations"),
    Key("label", "l", "label", "Add a label, or take it off by naming it again"),
    Key("block", "b", "block", "Block or unblock the customer: nothing is drafted or sent"),
    Key("mode", "p", "automatic", "Change this conversation: review, auto, paused"),
    Key("canned", "c", "canned reply", "Take one of your kept replies; its {names} are filled in"),
    Key("canned_keep", "C", "keep as canned", "Keep this draft's text as a reply to use again"),
    Key("picture", "o", "see the picture", "Open the newest picture of the thread; down and up go through the others"),
    Key("picture_send", "P", "send a picture", "Send the picture of a piece; undo takes it back for a few seconds"),
    Key("doubt", "d", "settle a doubt", "Say of a reply in doubt: it was sent, send again, or drop it"),
    Key("translate", "t", "translation", "Show the draft's translation beside it"),
    Key("mark", "v", "mark", "Mark this one; any verb then works on all that are marked"),
    Key("mark_range", "V", "mark range", "Mark everything from the last mark to here"),
    Key("filter", "slash", "find", "Keep only the threads with these words", hint=True),
    Key("search", "backslash", "search everything", "Search all messages ever"),
    Key("next_list", "tab", "next list", "Show the next list of threads"),
    Key("previous_list", "shift+tab", "previous list", "Show the list before"),
    Key("needs_me", "n", "next that needs me", "Go to the next thread that needs you, least time left first"),
    Key("needs_me_back", "N", "the one before", "Go back to the thread before that needs you"),
    Key("open", "enter", "open", "Read the thread in full; back leaves it"),
)

MOVING: Final = (
    Key("down", "j,down", "down", "One thread down"),
    Key("up", "k,up", "up", "One thread up"),
    Key("page_down", "pagedown,ctrl+f", "page down", "A page down"),
    Key("page_up", "pageup,ctrl+b", "page up", "A page up"),
    Key("first", "home,g", "first", "The first thread"),
    Key("last", "end,G", "last", "The last thread"),
    Key("older", "K,shift+up", "older", "Scroll the thread up"),
    Key("newer", "J,shift+down", "newer", "Scroll the thread down"),
)

EVERYWHERE: Final = (
    Key("stop_all", "exclamation_mark", "stop all", "Stop everything that leaves by itself, or let it go on"),
    Key("palette", "colon,ctrl+p", "commands", "Find any command by its name"),
    Key("help", "question_mark", "help", "What the keys do here", hint=True),
    Key("jump", "f", "jump", "Jump to a thread by a letter"),
    Key("screen_inbox", "1", "inbox", "The inbox"),
    Key("screen_stock", "2", "stock", "The stock"),
    Key("screen_insights", "3", "insights", "Figures and plots"),
    Key("screen_activity", "4", "activity", "What happened"),
    Key("screen_settings", "5", "settings and health", "Settings, switches and whether everything is well"),
    Key("screen_work", "6", "long work", "Import, replay, back up, fetch what was missed; with how far it is"),
    Key("screen_canned", "7", "canned replies", "Your kept texts: add, change, forget"),
    Key("theme", "f2", "next theme", "Change the colours"),
    Key("back", "q,escape", "back", "Back; in the inbox itself: quit"),
    Key("quit", "Q,ctrl+q", "quit", "Close Philia"),
)

STOCK: Final = (
    Key("stock_sold", "x", "sold", "Mark the piece sold: every thread about it is tidied", hint=True),
    Key("stock_unsold", "X", "not sold", "Make a sold piece available again", hint=True),
    Key("stock_release", "H", "release", "End the hold on the piece", hint=True),
    Key("stock_picture", "o", "see the picture", "Open the picture of the piece", hint=True),
)

ACTIVITY: Final = (
    Key("activity_only", "c", "this conversation", "Keep the list to the inbox's conversation, or not", hint=True),
)

INSIGHTS: Final = (
    Key("insights_span", "t", "time span", "7 days, 30 days, 90 days", hint=True),
    Key("insights_plot", "p", "next plot", "Another of the plots", hint=True),
    Key("insights_plot_back", "P", "plot before", "Back to the plot before", hint=True),
    Key("insights_large", "z", "large", "Give the plot the whole screen, or the figures their room again", hint=True),
)

SETTINGS: Final = (
    Key("settings_next", "tab", "next switch", "Go to the next switch of automatic replies", hint=True),
    Key("settings_previous", "shift+tab", "switch before", "Go to the switch before"),
    Key("settings_switch", "space", "change it", "Change what may go by itself; undo takes it back", hint=True),
    Key("settings_check", "c", "check again", "Look again whether everything is well", hint=True),
    Key("settings_accept", "y", "accept", "Turn on the first proposed rule of wording", hint=True),
    Key("settings_decline", "d", "decline", "Decline the first proposed rule, or take an accepted one back", hint=True),
    Key("settings_server", "s", "start the server", "Start the server, when none runs", hint=True),
)

WORK: Final = (
    Key("work_import", "i", "import stock", "Read a stock file and tell what it would change", hint=True),
    Key("work_take", "y", "take it in", "Take in the stock file that was looked at, all of it or nothing", hint=True),
    Key("work_replay", "r", "replay", "Try prompts on past conversations, side by side; sends nothing", hint=True),
    Key("work_backup", "b", "back up", "Copy the whole shop into one file", hint=True),
    Key("work_fetch", "m", "fetch missed", "Ask TikTok for messages that no webhook brought", hint=True),
    Key("work_stop", "s", "stop it", "Stop what is under way; nothing is left half done", hint=True),
)

CANNED: Final = (
    Key("canned_add", "a", "add", "Write a new one", hint=True),
    Key("canned_edit", "e", "edit", "Change its text", hint=True),
    Key("canned_delete", "x", "forget", "Forget it; undo brings it back", hint=True),
)

LOOKING: Final = (
    Key("look_filter", "slash", "find", "Keep only the rows with these words", hint=True),
    Key("look_open", "enter", "open", "Go to the conversation", hint=True),
    Key("look_export", "E", "export", "Write what is shown to a CSV file", hint=True),
)

EDITING: Final = (
    Key("edit_done", "escape,ctrl+s", "done", "Look at it once more", hint=True),
    Key("edit_editor", "ctrl+o", "$EDITOR", "Go on in your own editor", hint=True),
)

REVIEWING: Final = (
    Key("review_send", "s,enter,a", "send", "Send it as it stands", hint=True),
    Key("review_edit", "e", "edit", "Back to the text", hint=True),
    Key("review_drop", "d,escape,q", "drop", "Forget the change; the draft stays", hint=True),
)

ASKING: Final = (Key("ask_cancel", "escape", "cancel", "Give no answer"),)

BESIDE: Final = (STOCK, ACTIVITY, INSIGHTS, SETTINGS, WORK, CANNED)
"""The keys of the screens beside the inbox, screen by screen."""

ALL: Final = (
    *(INBOX + MOVING + EVERYWHERE),
    *(key for scope in BESIDE for key in scope),
    *(LOOKING + EDITING + REVIEWING + ASKING),
)

SCOPES: Final = (
    INBOX + MOVING + EVERYWHERE,
    *(scope + LOOKING + MOVING + EVERYWHERE for scope in BESIDE),
    EDITING,
    REVIEWING,
)
"""The keys that count at the same time."""

BY_NAME: Final = {key.id: key for key in ALL}

SIGNS: Final = {
    "slash": "/",
    "backslash": "\\",
    "colon": ":",
    "exclamation_mark": "!",
    "question_mark": "?",
    "escape": "Esc",
    "enter": "Enter",
    "tab": "Tab",
    "space": "Space",
    "shift+tab": "Shift+Tab",
    "pagedown": "PgDn",
    "pageup": "PgUp",
    "up": "↑",
    "down": "↓",
    "home": "Home",
    "end": "End",
}


def bindings(keys: Iterable[Key]) -> list[BindingType]:
    """Returns the bindings of a scope."""
    return [key.binding() for key in keys]


def shown(key: Key, changed: Mapping[str, str]) -> str:
    """Returns the first key of a command as it is written on the screen, after the owner's own choice."""
    first = changed.get(key.id, key.keys).split(",")[0].strip()
    if first in SIGNS:
        return SIGNS[first]
    if first.startswith("ctrl+"):
        return "Ctrl+" + first.removeprefix("ctrl+").upper()
    return first


def pressed(name: str, changed: Mapping[str, str]) -> str:
    """Returns the first key of the command of this name as the owner has it."""
    return shown(BY_NAME[name], changed)


def clashes(changed: Mapping[str, str]) -> list[str]:
    """Returns in words which names do not exist and which two commands of one scope want the same key."""
    known = {key.id for key in ALL}
    names = shown(BY_NAME["help"], changed)
    unknown = [name for name in changed if name not in known]
    told = [f"[inbox] keys.{name} is not a command; press {names} for the names" for name in unknown]
    for scope in SCOPES:
        taken: dict[str, str] = {}
        for key in scope:
            for one in changed.get(key.id, key.keys).split(","):
                pressed = _normal(one.strip())
                if pressed in taken and (key.id in changed or taken[pressed] in changed):
                    told.append(f"{one.strip()} is both {taken[pressed]} and {key.id}; the first one wins")
                taken.setdefault(pressed, key.id)
    return told


def _normal(key: str) -> str:
    return next((name for name, sign in SIGNS.items() if sign == key), key)
