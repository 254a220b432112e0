"""Text of others before a drafter sees it: cleaned, capped, wrapped as data; and what in it looks like trouble.

Customer texts, names, captions and item descriptions are data, never instructions. Nothing here is a wall: the
detectors are a signal for the owner. The wall is that code decides about sending and that the drafter's tools only
read.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Mapping, Sequence
from typing import Final

TEXT_LIMIT: Final = 1_000
"""Characters of one message that a drafter sees; TikTok's own limit is 6,000 bytes, and nobody asks that much."""

NAME_LIMIT: Final = 60
"""Characters of a display name."""

_KEPT_CONTROLS: Final = {"\n", "\t"}
_DROPPED: Final = frozenset({"Cc", "Cf", "Co", "Cs", "Cn"})
"""Unicode categories: controls, format characters (bidi, zero-width, tags), private use, surrogates, unassigned."""

_ZWJ: Final = "\u200d"
_FILLERS: Final = frozenset("\u00ad\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0")
"""Characters that draw nothing although their category says letter or mark."""

_MARKS: Final = r"[\u0300-\u036f\u0483-\u0489\u1ab0-\u1aff\u20d0-\u20ff]"
_MARKS_IN_A_ROW: Final = re.compile(f"({_MARKS}{{2}}){_MARKS}+")
_SPACES: Final = re.compile(r"[^\S\n]+")
_LINES: Final = re.compile(r"\s*\n\s*(?:\n\s*)*")


def clean(text: str, limit: int = TEXT_LIMIT) -> str:
    """Returns the text without control, bidi, zero-width and tag characters, NFC, at most `limit` characters.

    A zero-width joiner between two pictographs stays, since it is what makes a family of them one picture; variation
    selectors stay for the same reason, one at a time. Stacked accents are thinned to two.
    """
    # Four times the limit is enough for what is kept, and keeps a megabyte of zero-width characters cheap.
    given = unicodedata.normalize("NFC", text[: limit * 4])
    kept: list[str] = []
    for at, character in enumerate(given):
        if character in _KEPT_CONTROLS:
            kept.append(character)
        elif character == _ZWJ:
            if kept and at + 1 < len(given) and _pictograph(kept[-1]) and _pictograph(given[at + 1]):
                kept.append(character)
        elif 0xFE00 <= ord(character) <= 0xFE0F:
            if kept and character == "\ufe0f" and kept[-1] != character:
                kept.append(character)
        elif 0xE0100 <= ord(character) <= 0xE01EF or character in _FILLERS:
            continue
        elif unicodedata.category(character) not in _DROPPED:
            kept.append(character)
    cleaned = _MARKS_IN_A_ROW.sub(r"\1", "".join(kept))
    cleaned = _LINES.sub("\n", _SPACES.sub(" ", cleaned)).strip()
    return cleaned[:limit].rstrip()


def _pictograph(character: str) -> bool:
    return unicodedata.category(character) in {"So", "Sk"} or character == "\ufe0f"


def wrap(**fields: str | Sequence[str] | Mapping[str, str] | None) -> str:
    """Returns the fields as one line of JSON, cleaned: how text of others stands in a prompt.

    Angle brackets and ampersands are escaped too, so that no field can close a tag of the prompt around it.
    """
    given = {key: _cleaned(value) for key, value in fields.items() if value is not None}
    line = json.dumps(given, ensure_ascii=False, separators=(",", ":"))
    return line.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def _cleaned(value: str | Sequence[str] | Mapping[str, str]) -> object:
    if isinstance(value, str):
        return clean(value)
    if isinstance(value, Mapping):
        return {clean(str(key), NAME_LIMIT): clean(text) for key, text in value.items()}
    return [clean(text) for text in value]


_INJECTIONS: Final[tuple[tuple[str, re.Pattern[str]], ...]] = tuple(
    (name, re.compile("|".join(patterns), re.IGNORECASE))
    for name, patterns in {
        "orders the drafter about": (
            r"\b(?:ignore|disregard|forget|override|bypass|olvida|ignora|omite)\b.{0,40}\b(?:instruction|rule|prompt)",
            r"\b(?:ignore|disregard|forget|override|bypass) (?:all|any|everything|the|your|previous|prior|what)\b",
            r"\b(?:olvida|ignora|omite)\b.{0,40}\b(?:instruccion|regla|anterior|todo)",
        ),
        "speaks as the system": (
            r"(?:^|[\n>\]#*\"'{])\s*(?:system|assistant|developer|admin|sistema)\s*[\"']?\s*[:>\]]",
            r"<\|?/?(?:system|im_start|im_end|assistant|user|tool|instructions?)\b|\[/?INST\]|<<SYS>>",
        ),
        "gives the drafter a new part": (
            r"\b(?:you are now|from now on,? you|act as|pretend (?:to be|you)|role ?play|ahora eres|actua como)\b",
        ),
        "asks for the prompt": (
            r"\b(?:system prompt|your (?:instructions|prompt|rules)|tus instrucciones)\b",
            r"\brepeat (?:the|everything) (?:text )?above\b",
            r"\b(?:api[ _-]?key|access[ _-]?token|password|contrasena)\b",
        ),
        "names a mode": (
            r"\b(?:developer|debug|admin|god|dan|jailbreak|test|maintenance) mode\b|\bmodo (?:desarrollador|admin)",
        ),
        "says it is the owner": (
            r"\b(?:i am|i'm|im|this is) (?:the |your )?(?:owner|admin|developer|boss|manager)\b",
            r"\bsoy (?:la |el |tu )?(?:duena|dueno|administrador|jefa|jefe)\b",
        ),
        "dictates the reply": (
            r"\b(?:reply|respond|answer|say|write|responde|contesta|di) (?:only |just |exactly |with |solo |con )+",
            r"\bsay (?:that )?(?:everything|it is|it's|yes)\b",
            r"\b(?:set|change|update|mark|make|pon|cambia)\b.{0,30}\b(?:price|status|precio|stock)\b.{0,20}\b(?:to|as|a)\b",
        ),
        "calls a tool": (
            r"\b(?:search_inventory|get_item|shop_policy|tool_calls?|function_call)\b",
            r"\{\s*\"(?:name|role|tool|function)\"\s*:",
        ),
        "hides a payload": (r"\b[A-Za-z0-9+/]{60,}={0,2}|(?:\\u[0-9a-fA-F]{4}){4,}|(?:%[0-9a-fA-F]{2}){6,}",),
    }.items()
)


def injection_signals(text: str) -> tuple[str, ...]:
    """Names what in a text of others looks like an attempt to steer the drafter. A signal for the owner, not a wall."""
    hidden = clean(text, len(text) + 1) if len(text) <= TEXT_LIMIT * 4 else clean(text, TEXT_LIMIT * 4)
    found = [name for name, pattern in _INJECTIONS if pattern.search(hidden)]
    if any(0xE0000 <= ord(character) <= 0xE007F for character in text[: TEXT_LIMIT * 4]):
        found.append("hides text in tag characters")
    return tuple(dict.fromkeys(found))
