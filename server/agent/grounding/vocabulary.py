"""The words of a reply: what they say of a piece must stand in its row, and what is not understood is held."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from server.agent.grounding import unsure
from server.agent.grounding.absence import tells_of_nothing
from server.agent.grounding.binding import IDENTITY, backs
from server.agent.grounding.clauses import Clause
from server.agent.grounding.lexicon import SAME
from server.agent.grounding.question import meanings
from server.agent.grounding.reading import Answer, Reading
from server.agent.grounding.rows import LACKS, Row
from server.agent.grounding.scan import Unit
from server.agent.grounding.tokens import root

_PLAIN: Final = frozenset(
    {
        "function",
        "safe",
        "neg",
        "if",
        "prefer",
        "photo",
        "offer",
        "join",
        "both",
        "ask",
        "searched",
        "offered",
        "measure",
        "around",
        "cue:cues",
        "cue:sum",
        "cue:asks",
        "look_into",
        "size_word:cues",
        "condition_noun",
        "evaluative",
    }
)
_ROW_TOPICS: Final = frozenset({"fit", "provenance", "quantity"})
"""Topics that the row's own words may back too; all others need the shop's written policy."""
_OF_THE_PIECE: Final = frozenset(
    {"all", "each", "every", "both", "twice", "double", "half", "few", "couple", "several", "most", "whole", "entire"}
)
"""Of the words of quantity, those that a listing may say of a part; "last" and "any size" speak of the stock."""
_SOME: Final = {"few": 2, "couple": 2, "several": 3}
"""How many available pieces these words need."""
_PEOPLE: Final = frozenset(
    {
        "i",
        "you",
        "we",
        "me",
        "us",
        "your",
        "my",
        "our",
        "let",
        "measurement",
        "measurements",
        "yo",
        "tu",
        "te",
        "nos",
        "medida",
        "medidas",
    }
)
_NOUNS: Final = frozenset({"piece", "pieces", "item", "items", "one", "ones", "find"})
_PAIRS: Final = frozenset(
    {"pants", "shorts", "shoes", "trousers", "earrings", "gloves", "sunglasses", "loafers", "overalls"}
)
_FIELD: Final = {"colour": "color", "garment": "category", "material": "material", "era": "era"}


def judge(reading: Reading, clause: Clause) -> None:
    """Checks every word of the clause that nobody has answered for."""
    unsure.judge(reading, clause)
    _condition(reading, clause)
    denied = False
    for unit in clause.units:
        if "neg" in unit.tags and not unit.done:
            denied = True
        if unit.kind == "mention" and not unit.done:
            _mention(reading, clause, unit)
        if unit.done or unit.kind != "word":
            continue
        tags = unit.tags
        if "policy" not in tags and _after_by(clause, unit):
            _maker(reading, clause, unit)
        elif _written_as_name(clause, unit):
            _unknown(reading, clause, unit, denied=denied)
        elif "currency" in tags and {reading.rows[number].piece.currency for number in clause.rows} == {
            tags["currency"]
        }:
            unit.done = True
        elif "offer_verb" in tags:
            reading.hold([unit], "commitment", f'"{unit.raw}": nothing in the evidence commits the shop to it')
        elif id(unit) not in reading.kind_words and _part(reading, clause, unit):
            _unknown(reading, clause, unit, denied=denied)
        elif "policy" in tags:
            _policy_word(reading, clause, unit, denied=denied)
        elif unit.keys[-1] in _ANY_FLAW and not denied and _flaw_named(reading, clause):
            unit.done = True
        elif "condition" in tags and not ("colour" in tags or "safe" in tags):
            _settle(reading, clause, unit, "condition", denied, condition)
        elif (
            (label := next((label for label in IDENTITY if label in tags), None)) is not None
            and "function" not in tags
            and "safe" not in tags
            and "measure" not in tags
        ):
            if clause.prefers and (clause.asks or clause.has("if") or meanings(unit) <= reading.question.roots):
                unit.done = True
            else:
                _settle(reading, clause, unit, label, denied, _attribute(label))
        elif not tags or not tags.keys() & _PLAIN or _feature(clause, unit) or _by_hand(clause, unit):
            _unknown(reading, clause, unit, denied=denied)


def _settle(
    reading: Reading, clause: Clause, unit: Unit, kind: str, denied: bool, answer: Callable[[Row, Unit], Answer]
) -> None:
    rows = sorted(clause.named or clause.rows if kind == "garment" else clause.rows)
    if denied:
        said = f'"{unit.raw}" denied'
        answers = [(number, Answer(denies(reading.rows[number], unit), "description")) for number in rows]
    else:
        said = f'"{unit.raw}"'
        answers = [(number, answer(reading.rows[number], unit)) for number in rows]
    reading.settle(clause, [unit], kind, said, answers)


def _written_as_name(clause: Clause, unit: Unit) -> bool:
    """Tells whether a harmless word stands as a brand does: "the Guess jacket", "a Pleasures piece"."""
    if not unit.raw.istitle() or "function" in unit.tags or unit.key == "vintage":
        return False
    at = clause.units.index(unit)
    if at == 0 or len(unit.keys) > 1 or unit.tags.keys() & _ALWAYS_NAMES:
        return False
    before, after = clause.units[at - 1], clause.units[at + 1] if at + 1 < len(clause.units) else None
    if after is None or after.kind == "emoji":
        return before.keys[-1] in {"is", "a", "an", "es", "un", "una"} or _of_a_piece(before)
    return after.key in _NOUNS or _of_a_piece(after) or (_of_a_piece(before) and after.key in {"is", "es", "esta"})


_BEFORE_NOUNS: Final = frozenset(
    {"a", "an", "some", "no", "any", "of", "the", "little", "bit", "light", "slight", "minor", "small", "few", "tiny"}
)


def _feature(clause: Clause, unit: Unit) -> bool:
    """Tells whether a harmless verb stands as the noun of a feature or a flaw: "it has a pull"."""
    at = clause.units.index(unit)
    if "feature" not in unit.tags or at == 0 or len(unit.keys) > 1:
        return False
    before = clause.units[at - 1]
    return before.keys[-1] in _BEFORE_NOUNS


def _by_hand(clause: Clause, unit: Unit) -> bool:
    """Tells whether "hand" says how a thing was made ("hand-tanned leather"), not that it is on hand."""
    after = clause.units[clause.units.index(unit) + 1 :][:1] if unit.key == "hand" else []
    return bool(after) and after[0].kind == "word" and not after[0].tags.keys() & {"function", "safe", "join"}


_ALWAYS_NAMES: Final = frozenset({*IDENTITY, "size", "answer", "available", "gone", "held"})
"""These are judged as what they are, however they are written."""


def _of_a_piece(unit: Unit) -> bool:
    return (
        unit.kind in {"era", "mention"} or bool(unit.tags.keys() & {"garment", "colour", "material"}) or not unit.tags
    )


def _after_by(clause: Clause, unit: Unit) -> bool:
    """Tells whether the word is one of the capitalised ones after "by": "by New Era"."""
    at = clause.units.index(unit)
    while at > 0 and clause.units[at].raw[:1].isupper():
        at -= 1
        if clause.units[at].keys[-1] in {"by", "por"}:
            return True
    return False


def _maker(reading: Reading, clause: Clause, unit: Unit) -> None:
    """Compares a word of the maker with the row's name and brand: harmless words are brands too."""
    rows = sorted(clause.rows)
    if rows and all(word in reading.rows[number].stems for word in unit.keys for number in rows):
        reading.back([unit], "name", "listed", reading.rows[rows[0]].piece.sku, "brand", unit.raw)
    else:
        reading.hold([unit], "name", f'"{unit.raw}": no row names this maker')


def _part(reading: Reading, clause: Clause, unit: Unit) -> bool:
    """Tells whether the unit speaks of a part or a dimension without measuring it: "a snap collar", "it is long"."""
    if "measure" in unit.tags and _bare_part(reading, clause):
        return True
    return "adjective" in unit.tags and "function" not in unit.tags and not clause.asks


def _bare_part(reading: Reading, clause: Clause) -> bool:
    """Tells whether a part such as a collar is spoken of without a figure: "a snap collar"."""
    if clause.asks or clause.prefers or clause.offers:
        return False
    if any(unit.keys[0] in _PEOPLE for unit in clause.units):
        return False
    return not any(
        unit.value is not None for part in reading.clauses if part.sentence == clause.sentence for unit in part.units
    )


def _mention(reading: Reading, clause: Clause, unit: Unit) -> None:
    """Holds a name that is denied ("it's not a Nike"), and one said of another piece ("it's a Champion")."""
    at = clause.units.index(unit)
    if any("neg" in other.tags and not other.done for other in clause.units[max(0, at - 2) : at]):
        reading.hold([unit], "name", f'"{unit.raw}" denied: no row says so')
    elif clause.rows and not unit.rows & clause.rows:
        sku = reading.rows[min(clause.rows)].piece.sku
        reading.hold(
            [unit],
            "name",
            f'"{unit.raw}": {sku} is not called so',
            sku,
            "name",
            reading.rows[min(clause.rows)].piece.name,
        )


def _attribute(label: str) -> Callable[[Row, Unit], Answer]:
    """Returns how a row answers to a colour, a garment, a material or an era."""
    return lambda row, unit: Answer(backs(row, unit), _FIELD[label], _fact(row, label))


def _fact(row: Row, label: str) -> str | None:
    return {
        "colour": row.piece.color,
        "garment": row.piece.category,
        "material": row.piece.material,
        "era": row.piece.era,
    }[label] or None


_ANY_FLAW: Final = frozenset({"wear", "flaw", "flaws", "imperfection", "imperfections", "damage", "issues"})
"""These sum up the flaws that the sentence goes on to name: "some wear: light pilling"."""


def _flaw_named(reading: Reading, clause: Clause) -> bool:
    """Tells whether the sentence names a flaw that the row of every piece meant tells of."""
    named = {
        root(unit.key)
        for part in reading.clauses
        if part.sentence == clause.sentence
        for unit in part.units
        if unit.kind == "word" and len(unit.keys) == 1
    }
    features = {root(unit.key) for unit in clause.units if "feature" in unit.tags}
    return bool(clause.rows) and all(
        named & reading.rows[number].flaw_roots or features & reading.rows[number].own_roots for number in clause.rows
    )


def condition(row: Row, unit: Unit) -> Answer:
    """Compares a word of condition with the row's condition, and with what its description says in the same words."""
    name = unit.tags["condition"]
    own = row.condition.get("condition", set())
    value = row.piece.condition or None
    if name in own or (name == "used" and own & {"worn", "gently"}) or (name == "worn" and "worn" in own):
        return Answer(True, "condition", value)
    if name == "flaws" and root(unit.key) in row.flaw_roots:
        return Answer(True, "description", value)
    if len(unit.keys) > 1 or name != "new":
        return Answer(row.says(unit.keys), "condition", value)
    return Answer(row.says(("condition", unit.key)), "condition", value)


def denies(row: Row, unit: Unit) -> bool:
    """Tells whether the row's own text denies the same thing."""
    for segment in row.segments:
        keys = [token.key for token in segment]
        for at, token in enumerate(segment):
            if token.key == unit.keys[0] or token.stem == unit.stem:
                before = keys[max(0, at - 2) : at]
                if any(key in {"no", "not", "never", "without", "sin", "ningun", "ninguna"} for key in before):
                    return True
    return False


def _condition(reading: Reading, clause: Clause) -> None:
    """Checks praise of the condition wherever it stands in the clause: "the condition is great"."""
    nouns = [unit for unit in clause.units if "condition_noun" in unit.tags and not unit.done]
    praise = [unit for unit in clause.units if "evaluative" in unit.tags and not unit.done]
    if not nouns:
        parts = [at for at, unit in enumerate(clause.units) if unit.kind == "word" and not unit.tags]
        praise = [unit for unit in praise if parts and _predicate(clause.units, unit, parts[0])]
    if not praise:
        return
    for unit in praise:
        rows = [(number, reading.rows[number]) for number in sorted(clause.rows)]
        answers = [
            (number, Answer(_praised(row, unit), "condition", row.piece.condition or None)) for number, row in rows
        ]
        reading.settle(clause, [unit], "condition", f'"{unit.raw}" of its condition', answers)


def _predicate(units: Sequence[Unit], unit: Unit, part: int) -> bool:
    """Tells whether the praise is said of a part named before it: "the print is perfect"."""
    at = units.index(unit)
    return at > part and any(other.key in {"is", "are", "es", "esta", "estan", "son"} for other in units[part:at])


def _praised(row: Row, unit: Unit) -> bool:
    if unit.key in row.condition_stems:
        return True
    return any(
        unit.key in keys and ("condition" in keys or "shape" in keys or "condicion" in keys or "estado" in keys)
        for keys in ({token.key for token in segment} for segment in row.plain_segments)
    )


def _policy_word(reading: Reading, clause: Clause, unit: Unit, *, denied: bool) -> None:
    topic = unit.tags["policy"]
    if topic in _ROW_TOPICS and clause.rows and not denied:
        rest = _rest(clause, unit, topic)
        if (topic != "quantity" or (rest and unit.keys[0] in _OF_THE_PIECE and len(unit.keys) == 1)) and all(
            _says_together(reading.rows[number], unit, rest) for number in clause.rows
        ):
            for number in sorted(clause.rows):
                reading.back([unit, *rest], topic, "listed", reading.rows[number].piece.sku, "description")
            return
    if "topic" in unit.tags and (_looks_into(reading, clause) or tells_of_nothing(clause)):
        unit.done = True
        return
    if (
        topic == "quantity"
        and (clause.asks or clause.prefers)
        and (
            unit.key in {"another", "other", "others", "more", "otra", "otro", "otros", "otras"}
            or unit.keys[0] == "any"
        )
    ):
        unit.done = True
        return
    if (
        unit.key in {"pair", "pairs"}
        and clause.rows
        and all(reading.rows[number].wider_garments & _PAIRS for number in clause.rows)
    ):
        unit.done = True
        return
    if unit.key in _SOME and sum(row.piece.status == "available" for row in reading.rows) >= _SOME[unit.key]:
        unit.done = True
        return
    if (
        topic == "time"
        and unit.key == "within"
        and not any(other.kind in {"num", "duration"} for other in clause.units)
    ):
        unit.done = True
        return
    if (
        topic == "time"
        and root(unit.key) in reading.question.roots
        and any("look_into" in other.tags for other in clause.units)
    ):
        unit.done = True  # "I'd need to check on timing for Saturday": her day, and no promise
        return
    if topic == "time" and "safe" in unit.tags and len(unit.keys) > 1:
        return
    reading.hold([unit], topic, f'"{unit.raw}": no policy of the shop says so')


def _rest(clause: Clause, unit: Unit, topic: str) -> list[Unit]:
    """Returns the words that the row must say together with this one: for fit those after it, for "all" the clause."""
    if topic == "provenance":
        return []
    plain = {"function"} if topic == "fit" else {"function", "safe"}
    following = clause.units[clause.units.index(unit) + 1 :] if topic == "fit" else clause.units
    return [
        other
        for other in following
        if other is not unit
        and (
            other.kind in {"size", "num", "length"}
            or (other.kind == "word" and not other.tags.keys() & plain)
            or (topic == "quantity" and other.kind == "word" and "neg" in other.tags)
        )
    ]


def _looks_into(reading: Reading, clause: Clause) -> bool:
    """Tells whether the sentence only promises to find out: "let me check on the shipping"."""
    units = [unit for part in reading.clauses if part.sentence == clause.sentence for unit in part.units]
    topics = [unit for unit in units if "policy" in unit.tags and not unit.done]
    return any("look_into" in unit.tags for unit in units) and all("topic" in unit.tags for unit in topics)


def _says_together(row: Row, unit: Unit, rest: Sequence[Unit]) -> bool:
    for forms in row.sentences:
        roots = {root(form) for form in forms}
        if all(word in forms or root(word) in roots for word in unit.keys) and all(
            word in forms for other in rest for word in other.keys
        ):
            return True
    return False


def _unknown(reading: Reading, clause: Clause, unit: Unit, *, denied: bool) -> None:
    rows = sorted(clause.named or clause.rows)
    if not unit.tags and _asked_after(clause, unit):
        unit.done = True
        return
    at = clause.units.index(unit)
    if clause.asks and not unit.tags and at > 0 and clause.units[at - 1].key in _HER_DEEDS:
        unit.done = True  # "are you leaning towards one?": what she does claims nothing of the stock
        return
    hers = at > 0 and clause.units[at - 1].keys[-1] in {"your", "ur", "tu", "tus"}
    if (clause.prefers or clause.asks or hers) and not unit.tags and root(unit.key) in reading.question.roots:
        unit.done = True
        return
    lacks = _missing(clause)
    if rows and not denied and all(_written(reading.rows[number], unit) for number in rows) and not lacks:
        for number in rows:
            reading.back([unit], "description", "listed", reading.rows[number].piece.sku, "description")
        return
    if lacks and rows and all(unit.stem in reading.rows[number].lacking for number in rows):
        for number in rows:
            reading.back([unit], "description", "listed", reading.rows[number].piece.sku, "description")
        return
    if rows and not clause.sure and any(_written(reading.rows[number], unit) for number in rows):
        reading.hold([unit], "description", f'"{unit.raw}": it is not clear which piece this is about')
        return
    reading.hold([unit], "word", f'"{unit.raw}": no row and no policy says so')


_HER_DEEDS: Final = frozenset({"you", "ya", "u"})


def _asked_after(clause: Clause, unit: Unit) -> bool:
    """Tells whether the word only names what will be asked: "let me ask the owner about papers"."""
    before = clause.units[: clause.units.index(unit)]
    looks = next((at for at, other in enumerate(before) if "look_into" in other.tags or _looks(other)), None)
    return looks is not None and any(other.keys[-1] in {"about", "whether", "if", "on"} for other in before[looks:])


def _looks(unit: Unit) -> bool:
    return unit.tags.get("safe", "").endswith(("ask the owner", "check with the owner"))


def _missing(clause: Clause) -> bool:
    return any(unit.keys[0] in LACKS for unit in clause.units)


def _written(row: Row, unit: Unit) -> bool:
    return (
        all(word in row.stems or word in row.described or word in row.category_stems for word in unit.keys)
        or unit.stem in row.stems
        or unit.stem in row.described
        or any(form in row.described for form in (*_participles(unit.key), *SAME.get(unit.key, ())))
    )


def _participles(word: str) -> tuple[str, ...]:
    """Returns the other participle: "lining" for "lined"."""
    if len(word) < 5:
        return ()
    return (word[:-3] + "ed",) if word.endswith("ing") else (word[:-2] + "ing",) if word.endswith("ed") else ()
