"""Numbers in words, in single digits and in halves, read as one number each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal

from server.agent.grounding.lexicon import Lexicon
from server.agent.grounding.tokens import Token


def merge_numbers(tokens: list[Token], lexicon: Lexicon) -> list[Token]:
    """Reads "forty-five", "twenty four and a half", "4 5" and the like as one number."""
    words, links = lexicon.numbers, lexicon.number_links
    alone = links.get("not_numbers", frozenset())
    merged: list[Token] = []
    at = 0
    while at < len(tokens):
        token = tokens[at]
        if token.kind == "word" and token.key in words:
            end, value, used = _spelled(tokens, at, words, links)
            if used > 1 or token.key not in alone:
                merged.append(_number(tokens[at:end], value))
                at = end
                continue
        elif token.kind == "num" and len(token.raw) == 1 and token.value is not None:
            end = at + 1
            while (
                end < len(tokens) and tokens[end].kind == "num" and len(tokens[end].raw) == 1 and not tokens[end].glued
            ):
                end += 1
            if end - at > 1:
                merged.append(_number(tokens[at:end], Decimal("".join(part.raw for part in tokens[at:end]))))
                at = end
                continue
            if _half(tokens, at + 1, links)[0]:
                end, more = _half(tokens, at + 1, links)
                merged.append(_number(tokens[at:end], token.value + more))
                at = end
                continue
        elif token.kind == "num" and token.value is not None and _half(tokens, at + 1, links)[0]:
            end, more = _half(tokens, at + 1, links)
            merged.append(_number(tokens[at:end], token.value + more))
            at = end
            continue
        merged.append(token)
        at += 1
    return merged


def _half(tokens: Sequence[Token], at: int, links: Mapping[str, frozenset[str]]) -> tuple[int, Decimal]:
    """Reads "and a half" and its like at this place; (0, 0) when it is not there."""
    if at >= len(tokens) or tokens[at].key not in links.get("and", ()):
        return 0, Decimal(0)
    for name, amount in (("half", "0.5"), ("quarter", "0.25"), ("three_quarters", "0.75")):
        for phrase in links.get(name, ()):
            parts = phrase.split()
            if [token.key for token in tokens[at + 1 : at + 1 + len(parts)]] == parts:
                return at + 1 + len(parts), Decimal(amount)
    return 0, Decimal(0)


def _spelled(
    tokens: Sequence[Token], at: int, words: Mapping[str, Decimal], links: Mapping[str, frozenset[str]]
) -> tuple[int, Decimal, int]:
    total, part, used, end = Decimal(0), Decimal(0), 0, at
    digits: list[Decimal] = []
    while end < len(tokens):
        key = tokens[end].key
        if (
            key in links.get("and", ())
            and used
            and end + 1 < len(tokens)
            and tokens[end + 1].key in words
            and (part >= 20 or total)
        ):
            end += 1
            continue
        if key not in words:
            break
        value = words[key]
        if value == 100:
            part = (part or Decimal(1)) * 100
        elif value >= 1000:
            total, part = total + (part or Decimal(1)) * value, Decimal(0)
        elif value < 10 and used == len(digits):
            digits.append(value)
            part = value
        elif 10 <= value < 100 and used == len(digits) == 1 and part:
            part, digits = part * 100 + value, []  # "one forty" is what a price of 140 is called
        elif part == 0 or (value < 10 <= part and part % 10 == 0) or (part % 100 == 0 and value < 100):
            part += value
        else:
            break
        used += 1
        end += 1
    if len(digits) == used and used > 1:
        return end, Decimal("".join(str(int(digit)) for digit in digits)), used
    value = total + part
    after, more = _half(tokens, end, links)
    return (after, value + more, used) if after else (end, value, used)


def _number(tokens: Sequence[Token], value: Decimal) -> Token:
    raw = " ".join(token.raw for token in tokens)
    return Token(
        "num",
        " ".join(token.key for token in tokens),
        raw,
        tokens[0].start,
        tokens[-1].end,
        str(value),
        value,
        tokens[0].glued,
    )
