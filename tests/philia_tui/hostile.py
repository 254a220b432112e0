"""Texts that customers could send to break a screen, and what must never reach a terminal."""

from __future__ import annotations

import json
import unicodedata

from tests.philia_tui.shop import HOUR, Shop

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


POISON = (
    "\x1b[31mred\x1b[0m \x1b]0;owned\x07 \x1b[2J",
    "\x9b31mC1 \x9d0;owned\x9c \x90q\x9c",
    "\x1b]8;;https://evil.example\x1b\\link\x1b]8;;\x1b\\ \x1bc",
    "[@click=app.quit]x[/] [red on blue]m[/] [/] [link=https://evil.example]l[/link]",
    "\u202eevil.exe\u202c \u2066i\u2069 \u200fr",
    "日本語の長い名前 👩\u200d👩\u200d👧 Z\u0337\u0322\u031b\u034e\u0336a",
    "=1+1 a\rb\x08c\x7f \x0b \u2028 \x85 tab\t.",
)
"""One text for each kind of power, short enough to stand in a name."""


def poisoned(shop: Shop) -> None:
    """Fills every column that holds another's words with each of the texts, by plain SQL."""
    db, now = shop.db, shop.now
    for number, text in enumerate(POISON):
        item = shop.piece(
            f"{text}{number}", text, brand=text, description=f"{text}\n{text}", color=text, size=text, era=text,
            condition=text, material=text, fit_note=text, tags=text, category=text, photos=json.dumps([text]),
            measurements={text: 533},
        )  # fmt: skip
        conversation = shop.conversation(
            f"{text}{number}", (f"suede {text}", f"suede {text}\n{text}"), name=text, left=HOUR + number * 1000,
            notes=text, labels=json.dumps([text]),
        )  # fmt: skip
        db.execute("UPDATE users SET notes = ?, labels = ?, language = ?", (text, json.dumps([text]), text))
        db.execute("UPDATE messages SET attachments = ?", (json.dumps([{"type": text, "name": text, "url": text}]),))
        draft = shop.draft(
            conversation, f"{text} end", claims=(("end", text, f"{text}{number}", text, text, False),), intent=text,
            verdict="hold", hold_reason=text, translation=text, language=text, model=text, prompt=text,
            drafter="model", instruction=text, ended_reason=text,
            reasons=json.dumps([{"span": [0, 3], "kind": text, "reason": text}]),
            evidence=json.dumps(
                {
                    "pieces": [{"sku": f"{text}{number}", "name": text, "size": text, "status": "available"}],
                    "searches": [{"query": text, "skus": [f"{text}{number}"]}],
                }
            ),
        )  # fmt: skip
        shop.delivery(conversation, text, state="needs_owner", reason=text, draft_id=draft)
        other = shop.conversation(f"done{text}{number}", (text,), name=text, queue="done", kind=text, left=HOUR)
        shop.message(other, text, at=now - 500, role="assistant", source="owner")
        shop.delivery(other, text, state="failed", reason=text)
        db.execute(
            "INSERT INTO holds (item_id, conversation_id, state, hours, created_at, starts_at, expires_at)"
            " VALUES (?, ?, 'active', 24, ?, ?, ?)",
            (item, conversation, now, now, now + 24 * HOUR),
        )
        db.execute("UPDATE items SET status = 'held' WHERE id = ?", (item,))
        db.execute("INSERT INTO canned_replies (name, text, updated_at) VALUES (?, ?, 0)", (text, f"{text} {{name}}"))
        db.execute(
            'INSERT INTO learned_rules (kind, "before", "after", seen, "of", created_at) VALUES (?, ?, ?, 5, 10, ?)',
            (("remove", "replace", "add")[number % 3], text, text, now),
        )
        db.execute("INSERT INTO notices (key, kind, text, at) VALUES (?, 'window', ?, ?)", (text, text, now))
        db.execute(
            "INSERT INTO journal (at, who, what, subject, subject_id, conversation_id, from_state, to_state, why)"
            " VALUES (?, ?, ?, ?, 1, ?, ?, ?, ?)",
            (now, text, text, text, conversation, text, text, text),
        )
        db.execute(
            "INSERT INTO verdicts (draft_id, conversation_id, decision, who, intent, reason, agreed, at)"
            " VALUES (?, ?, 'shadow', 'auto', ?, ?, 1, ?)",
            (draft, conversation, text, text, now),
        )
        db.execute(
            "INSERT INTO inbound_events (dedupe_key, dialect, event, thread, received_at, body, state, error)"
            " VALUES (?, 'v1.3', ?, ?, ?, ?, 'poison', ?)",
            (text, text, text, now, text.encode(), text),
        )
    db.execute("INSERT OR REPLACE INTO switches (name, value, updated_at) VALUES ('sender_pause', ?, 0)", (POISON[0],))
