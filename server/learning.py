"""Learning in the open: the owner's edits become proposed rules of wording, which only she turns on.

Compared are her last ten edited drafts with what she sent. A word or phrase that she removed, or wrote another way, in
five of them is proposed. Rules touch wording only: never a figure, never a marked claim, never a word that turns a
sentence round. Accepted ones are applied to the house drafter's replies, which are checked again, and stand in the
model's prompt.
"""

from __future__ import annotations

import difflib
import re
import sqlite3
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from server.agent.untrusted import clean
from store import learning, wording
from store.learning import Edit, Kind, Rule

LAST: Final = 10
"""Edits that are compared."""

OFTEN: Final = 5
"""In how many of them a change must be seen."""

_LONGEST: Final = {"remove": 8, "replace": 4}
"""Words of a phrase."""

_TOKEN: Final = re.compile(r"[^\W\d_]+(?:['\u2019][^\W\d_]+)*|\d+(?:[.,]\d+)*|[^\w\s]\ufe0f?")


@dataclass(frozen=True, slots=True)
class Proposal:
    """A change that was seen often enough."""

    kind: Kind
    before: str
    after: str
    seen: int
    of: int


def study(edits: Sequence[Edit]) -> list[Proposal]:
    """Returns the changes seen in at least five of the edits, the most frequent first; longer phrases before parts."""
    counted: Counter[tuple[Kind, str, str]] = Counter()
    for edit in edits:
        counted.update(set(_changes(edit)))
    often = [(change, seen) for change, seen in counted.items() if seen >= OFTEN]
    often.sort(key=lambda pair: (-pair[1], -len(pair[0][1]), pair[0]))
    found: list[Proposal] = []
    for (kind, before, after), seen in often:
        inside = any(
            other.kind == kind and other.seen >= seen and f" {before} " in f" {other.before} " for other in found
        )
        if not inside:
            found.append(Proposal(kind, before, after, seen, len(edits)))
    return found


def _changes(edit: Edit) -> Iterable[tuple[Kind, str, str]]:
    """Yields what was taken out or put another way, in lower case, without what carries a fact."""
    before, after = _tokens(edit.drafted), _tokens(edit.final)
    old = [token.casefold() for token in before]
    new = [token.casefold() for token in after]
    claimed = {word for claim in edit.claims for word in _tokens(claim.casefold())}
    matcher = difflib.SequenceMatcher(None, old, new, autojunk=False)
    for operation, a, b, c, d in matcher.get_opcodes():
        taken = [token for token in old[a:b] if not _is_punctuation(token)]
        put = [token for token in new[c:d] if not _is_punctuation(token)]
        if operation == "equal" or not taken or any(_carries_fact(token, claimed) for token in (*taken, *put)):
            continue
        if not put and len(taken) <= _LONGEST["remove"]:
            yield "remove", " ".join(taken), ""
            if len(taken) > 1:
                # "so lovely" in one edit and "lovely" in the others are one habit.
                yield from (("remove", token, "") for token in taken if len(token) > 2 or not token.isalpha())
        elif put and len(taken) <= _LONGEST["replace"] and len(put) <= _LONGEST["replace"]:
            yield "replace", " ".join(taken), " ".join(_as_written(after[c:d]))


def _as_written(tokens: Sequence[str]) -> list[str]:
    return [token for token in tokens if not _is_punctuation(token)]


def _tokens(text: str) -> list[str]:
    return _TOKEN.findall(unicodedata.normalize("NFC", text))


def _is_punctuation(token: str) -> bool:
    return len(token) == 1 and unicodedata.category(token)[0] in "PZ"


def _carries_fact(token: str, claimed: set[str]) -> bool:
    return any(character.isdigit() for character in token) or token in claimed or wording.turns(token)


def learn(db: sqlite3.Connection, *, now: int) -> list[int]:
    """Compares the last edits and keeps what is new as proposals; returns their ids. Called after each edit."""
    proposals = study(learning.recent_edits(db, LAST))
    return learning.propose(db, [(one.kind, one.before, one.after, one.seen, one.of) for one in proposals], now=now)


def apply_rules(text: str, rules: Sequence[Rule], keep: Sequence[tuple[int, int]] = ()) -> str:
    """Returns the text with the rules applied outside of the spans in `keep`: claims stay as they are."""
    held: list[str] = []
    for start, end in sorted(_merged(keep), reverse=True):
        held.append(text[start:end])
        # One character that no text holds stands for the claim meanwhile.
        text = text[:start] + chr(_HELD + len(held) - 1) + text[end:]
    for rule in sorted(rules, key=lambda one: -len(one.before)):
        if rule.before.strip():
            text = _applied(text, rule)
    for number, words in enumerate(held):
        text = text.replace(chr(_HELD + number), words)
    return text.strip()


_HELD: Final = 0xE000


def _merged(spans: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    merged: list[tuple[int, int]] = []
    for start, end in sorted(span for span in spans if span[0] < span[1]):
        if merged and start < merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return merged


def _applied(text: str, rule: Rule) -> str:
    pattern = re.compile(_whole_words(rule.before), re.IGNORECASE)
    for match in reversed(list(pattern.finditer(text))):
        left, right = text[: match.start()], text[match.end() :]
        if rule.kind == "replace":
            text = left + _same_case(rule.after, match.group()) + right
        else:
            text = _closed(left.rstrip(), right.lstrip())
    return text


def _closed(left: str, right: str) -> str:
    """Joins what stood around a removed phrase: no lonely comma, no empty sentence, a capital where one begins."""
    if not left or left[-1] in _ENDS:
        # With the whole sentence gone, its own end goes too.
        right = right.lstrip(",;:.!? ")
        right = right[:1].upper() + right[1:]
    elif left[-1] in ",;:" and right[:1] in {",", ";", ":", *_ENDS}:
        left = left[:-1].rstrip()
    glue = "" if not left or not right or right[0] in ",;:.!?" else " "
    return left + glue + right


_ENDS: Final = (".", "!", "?", "\u00a1", "\u00bf")


def _whole_words(phrase: str) -> str:
    words = [re.escape(word) for word in phrase.split()]
    before = r"(?<!\w)" if phrase[0].isalnum() else ""
    after = r"(?!\w)" if phrase[-1].isalnum() else ""
    return before + r"[^\w\ue000-\uf8ff]{1,3}".join(words) + after


def _same_case(put: str, taken: str) -> str:
    return put[:1].upper() + put[1:] if taken[:1].isupper() and put[:1].islower() else put


def rewriter(db: sqlite3.Connection) -> Callable[[str, tuple[tuple[int, int], ...]], str] | None:
    """Returns what applies the accepted rules to a reply of the house drafter, or None when there is no rule."""
    rules = learning.accepted(db)
    return (lambda text, keep: apply_rules(text, rules, keep)) if rules else None


def rules_for_prompt(db: sqlite3.Connection) -> tuple[str, ...]:
    """Returns the accepted rules as sentences for the model's prompt."""
    return tuple(
        f'Do not write "{clean(rule.before, 80)}".'
        if rule.kind == "remove"
        else f'Write "{clean(rule.after, 80)}" instead of "{clean(rule.before, 80)}".'
        for rule in learning.accepted(db)
    )
