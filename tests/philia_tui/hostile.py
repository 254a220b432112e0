"""Texts that customers could send to break a screen, and what must never reach a terminal."""

from __future__ import annotations

import unicodedata

HOSTILE = (
    "\x1b[31mred\x1b[0m",
    "\x1b[2J\x1b[Hgone",
    "\x1b]0;owned\x07title",
    "\x1b]8;;https://evil.example\x1b\\link\x1b]8;;\x1b\\",
    "\x1b[?1049l\x1b[?25l",
    "\x1bP+q544e\x1b\\",
    "\x9b31mC1 colour",
    "\x90dcs\x9c",
    "[@click=app.quit]x[/]",
    "[red on blue]markup[/red on blue]",
    "[link=https://evil.example]here[/link]",
    "[/]",
    "[",
    "\\[escaped]",
    "$[bold]what[/]",
    "\u202eevil.exe\u202c",
    "\u2066isolate\u2069 \u200erl\u200f",
    "zero\u200bwidth\u200cjoin\u200d\ufeff",
    "tags \U000e0068\U000e0069\U000e007f",
    "nul\x00byte",
    "bell\x07back\x08space\x7fdel",
    "line\nbreaks\r\nof\rall\x0bkinds\x0c\u2028and\u2029more\x85",
    "tab\tand\ttab",
    "Z" + "\u0301\u0316\u0338" * 30 + "algo",
    "\u0301starts with a mark",
    "👩\u200d👩\u200d👧\u200d👦 family 👍🏽 🏳️\u200d🌈 🇩🇪🇫🇷",
    "日本語のとても長いメッセージです" * 20,
    "ﷺ ﷽ 𒐫 ꧅",
    "עברית mixed with עברית and العربية",
    "\u3164\u115f\uffa0\u2800",
    "\ue000private\U000f0000",
    "a" * 5000,
    "🧥" * 400,
    "%s %d {0} {name} {{}} ${jndi:ldap://evil}",
    "'; DROP TABLE messages; --",
    "<script>alert(1)</script>",
    "\ud7ff\ufdd0\uffff",
    " \u00a0\u2003 spaces \u3000 ",
    "",
    "\n\n\n",
)


def forbidden(text: str, *, lines: bool = True) -> list[str]:
    """Returns the characters of a drawn text that no terminal may get."""
    found = []
    for character in text:
        if character == "\n" and lines:
            continue
        category = unicodedata.category(character)
        code = ord(character)
        if (
            category in {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
            or 0x1F1E6 <= code <= 0x1F1FF
            or 0xFE00 <= code <= 0xFE0F
            or 0x1F3FB <= code <= 0x1F3FF
        ):
            found.append(f"U+{code:04X}")
    return found
