"""config.toml as text: every setting with its value and one line of why, taken from the words beside the settings."""

from __future__ import annotations

import ast
import inspect
import itertools
import json
import textwrap
from collections.abc import Mapping
from typing import Any, Final, get_type_hints

from msgspec import UNSET, Struct

from server import sections
from server.sections import Settings

HEAD: Final = """\
# Every setting of Philia with its default. What you leave out keeps its default.
# PHILIA_<SECTION>__<KEY> in the environment, or in a .env file beside this one, wins over this file.
# Secrets are never here: OPENAI_API_KEY, TIKTOK_BUSINESS_ID, TIKTOK_ACCESS_TOKEN, TIKTOK_APP_ID and TIKTOK_APP_SECRET
# come from the environment, a .env file beside this one, or the system keyring.
"""


def reasons() -> Mapping[str, str]:
    """Returns "section.key" → its line of why, as it stands under the field in `server.sections`."""
    tree = ast.parse(inspect.getsource(sections))
    classes = {node.name: node for node in tree.body if isinstance(node, ast.ClassDef)}
    found = {}
    for section, kind in get_type_hints(Settings).items():
        body = classes[kind.__name__].body
        for field, text in itertools.pairwise(body):
            if (
                isinstance(field, ast.AnnAssign)
                and isinstance(field.target, ast.Name)
                and isinstance(text, ast.Expr)
                and isinstance(text.value, ast.Constant)
            ):
                found[f"{section}.{field.target.id}"] = str(text.value.value)
    return found


def render(settings: Settings, *, only: frozenset[str] | None = None) -> str:
    """Returns the file; with `only`, just those "section.key" stand as settings and the rest as comments."""
    why = reasons()
    parts = [HEAD]
    for section in Settings.__struct_fields__:
        values: Struct = getattr(settings, section)
        parts.append(f"\n[{section}]")
        for key in values.__struct_fields__:
            comment = textwrap.wrap(why[f"{section}.{key}"], 116, initial_indent="# ", subsequent_indent="# ")
            parts.extend(comment)
            value = getattr(values, key)
            absent = value is None or (only is not None and f"{section}.{key}" not in only)
            parts.append(f"{'# ' if absent else ''}{key} = {toml_value(value)}")
    return "\n".join(parts) + "\n"


def toml_value(value: Any) -> str:
    """Returns a value of a setting as TOML writes it."""
    if value is None or value is UNSET:
        return "true"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, tuple):
        return f"[{', '.join(toml_value(part) for part in value)}]"
    if isinstance(value, dict):
        return f"{{{', '.join(f'{json.dumps(key)} = {toml_value(part)}' for key, part in value.items())}}}"
    return repr(value)
