"""What customers ask of the sample shop, answered from its columns and compared with what the search finds."""

from __future__ import annotations

import re
import sqlite3
from dataclasses import dataclass

import pytest

from store.search import search
from tests.store.search.shop import Row, inches


@dataclass(frozen=True, kw_only=True)
class Ask:
    """A query and the columns of the pieces that answer it; empty conditions let everything pass."""

    query: str
    name: str = ""
    """A pattern in the name or the category."""
    brand: str = ""
    """In the brand, or in the name of a piece without one."""
    text: str = ""
    """A pattern anywhere in the row."""
    size: str = ""
    """One of these labels, separated by blanks."""
    color: str = ""
    era: str = ""
    low: float = 0
    high: float = 1e9
    flat: tuple[str, float, float] | None = None
    """A measurement, its value in inches as the file has it, and the room around it."""
    at_least: tuple[str, float] | None = None

    def admits(self, row: Row) -> bool:
        """Tells whether a row answers the query."""
        said = f"{row['name']} | {row['category']}".lower()
        if row["status"] != "available" or not re.search(self.name, said):
            return False
        if self.brand and self.brand not in f"{row['brand']} {'' if row['brand'] else row['name']}":
            return False
        if self.text and not re.search(self.text, f"{said} | {row['brand']} | {row['description']}".lower()):
            return False
        if self.size and row["size_label"] not in self.size.split():
            return False
        if (self.color and row["color"] not in self.color.split()) or (self.era and row["era"] != self.era):
            return False
        if self.flat is not None:
            kind, value, room = self.flat
            measured = inches(row, kind)
            if measured is None or abs(measured - value) > room:
                return False
        if self.at_least is not None and (inches(row, self.at_least[0]) or 0) < self.at_least[1]:
            return False
        return self.low <= float(row["price"]) <= self.high


JACKET = r"\bjackets?\b"
TEE = r"\btees?\b|t-shirts"
JEANS = r"\bjeans\b"
HOODIE = r"\bhoodies?\b"
SWEATER = r"\b(sweaters?|jumper|cardigan|knit)\b"
TROUSERS = r"\b(trousers|pants|flares)\b"

ASKS = (
    # Brand and garment.
    Ask(query="nike windbreaker", name="windbreaker", brand="Nike"),
    Ask(query="Nike jackets", name=JACKET, brand="Nike"),
    Ask(query="do you have any carhartt jackets?", name=JACKET, brand="Carhartt"),
    Ask(query="levi's jeans", name=JEANS, brand="Levi's"),
    Ask(query="levis 501", name="501", brand="Levi's"),
    Ask(query="LEVI\u2019S 501s please", name="501", brand="Levi's"),
    Ask(query="any harley davidson tees", name=TEE, brand="Harley-Davidson"),
    Ask(query="harley shirts", name=r"\bshirts?|\btees?\b", brand="Harley-Davidson"),
    Ask(query="ralph lauren", brand="Ralph Lauren"),
    Ask(query="polo ralph lauren sweater", name=SWEATER, brand="Ralph Lauren"),
    Ask(query="patagonia fleece", name="fleece", brand="Patagonia"),
    Ask(query="north face puffer", name="puffer", brand="The North Face"),
    Ask(query="tnf jacket", name=JACKET, brand="The North Face"),
    Ask(query="doc martens", brand="Dr. Martens"),
    Ask(query="dr martens boots", name="boots", brand="Dr. Martens"),
    Ask(query="coach bag", name=r"\bbags?\b", brand="Coach"),
    Ask(query="champion hoodie", name=HOODIE, brand="Champion"),
    Ask(query="pendleton", brand="Pendleton"),
    Ask(query="adidas track pants", name="track pants", brand="Adidas"),
    Ask(query="frye boots", name="boots", brand="Frye"),
    Ask(query="tony lama", brand="Tony Lama"),
    # Synonyms.
    Ask(query="adidas kicks", name="sneakers|trainers", brand="Adidas"),
    Ask(query="jumper", name=SWEATER),
    Ask(query="strides", name=TROUSERS),
    Ask(query="carhartt pants", name=TROUSERS, brand="Carhartt"),
    Ask(query="tshirt under 25", name=TEE, high=25),
    Ask(query="backpack", name="backpack"),
    Ask(query="rucksack", name="backpack"),
    Ask(query="beanie", name="beanie"),
    Ask(query="sunnies", name="sunglasses"),
    Ask(query="handkerchief", name="bandana"),
    Ask(query="motorcycle jacket", name="biker jacket"),
    Ask(query="tartan skirt", name="tartan skirt"),
    Ask(query="wind breaker size large", name="windbreaker", size="L"),
    Ask(query="letterman", name="letterman"),
    Ask(query="varsity jacket", name="letterman"),
    # Spanish.
    Ask(query="chaqueta nike talla L", name=JACKET, brand="Nike", size="L"),
    Ask(query="camiseta negra", name=TEE, color="black"),
    Ask(query="hola! tienes vaqueros por menos de 60?", name=JEANS, high=60),
    Ask(query="vestido verde", name="dress", color="green"),
    Ask(query="botas", name="boots"),
    Ask(query="sudadera talla M", name="sweatshirts?", size="M"),
    Ask(query="gorra azul marino", name=r"\b(cap|hats)\b", color="navy"),
    Ask(query="camiseta de los años 80", name=TEE, era="80s"),
    # Sizes in letters.
    Ask(query="large nike hoodie under 60", name=HOODIE, brand="Nike", size="L", high=60),
    Ask(query="medium jacket", name=JACKET, size="M"),
    Ask(query="jacket size S", name=JACKET, size="S"),
    Ask(query="tee in xl", name=TEE, size="XL"),
    Ask(query="2xl hoodie", name=HOODIE, size="XXL"),
    Ask(query="xx-large", size="XXL"),
    Ask(query="extra small dress", name="dress", size="XS"),
    Ask(query="hoodies in M or L", name=HOODIE, size="M L"),
    Ask(query="small or medium dresses", name="dress", size="S M"),
    # Prices.
    Ask(query="jackets under $50", name=JACKET, high=50),
    Ask(query="jackets less than 80 bucks", name=JACKET, high=80),
    Ask(query="hats max 30 dollars", name="hats", high=30),
    Ask(query="dresses between 50 and 80", name="dress", low=50, high=80),
    Ask(query="tees $20-$30", name=TEE, low=20, high=30),
    Ask(query="jeans 60 to 80 dollars", name=JEANS, low=60, high=80),
    Ask(query="dress around 60", name="dress", low=48, high=72),
    Ask(query="boots over 100", name="boots", low=100),
    Ask(query="bags over $60 and under $100", name=r"\bbags?\b", low=60, high=100),
    Ask(query="anything under 20", high=20),
    # Waist and inseam.
    Ask(query="blak levis jeans 34 waist", name=JEANS, brand="Levi's", color="black", size="34x32 34"),
    Ask(query="under 80 waist 32", size="32x32 32x30 32x34 32", high=80),
    Ask(query="waist 32 under 50", size="32x32 32x30 32x34 32", high=50),
    Ask(query="jeans 32x32", name=JEANS, size="32x32"),
    Ask(query="jeans w34 l32", name=JEANS, size="34x32"),
    Ask(query="trousers 36W 32L", name=TROUSERS, size="36x32"),
    Ask(query="levis size 31", brand="Levi's", name="jeans|shorts", size="31x34 31", text="levi"),
    Ask(query="wrangler jeans 32/30", name=JEANS, brand="Wrangler", size="32x30"),
    Ask(query="jeans inseam 34", name=JEANS, flat=("inseam", 34, 1)),
    # Flat measurements and bodies.
    Ask(query="jacket pit to pit 24", name=JACKET, flat=("pit_to_pit", 24, 0.5)),
    Ask(query="44 in chest jacket", name=JACKET, flat=("pit_to_pit", 22, 0.5)),
    Ask(query="would a tee fit a 38 chest", name=TEE, flat=("pit_to_pit", 19, 0.5)),
    Ask(query="jacket chest 112 cm", name=JACKET, flat=("pit_to_pit", 112 / 5.08, 0.5)),
    Ask(query='p2p 21" tee', name=TEE, flat=("pit_to_pit", 21, 0.5)),
    Ask(query="armpit to armpit 53 cm shirt", name=r"\bshirts?\b|t-shirts", flat=("pit_to_pit", 53 / 2.54, 0.5)),
    Ask(query="dress length 48", name="dress", flat=("length", 48, 1)),
    Ask(query="jacket at least 30 inches long", name=JACKET, at_least=("length", 29)),
    Ask(query="boots size 9", name="boots", size="US-9"),
    # Eras and colours.
    Ask(query="90s nike", brand="Nike", era="90s"),
    Ask(query="1970's dress", name="dress", era="70s"),
    Ask(query="seventies jeans", name=JEANS, era="70s"),
    Ask(query="y2k", era="2000s"),
    Ask(query="80s harley tee xl", name=TEE, brand="Harley-Davidson", era="80s", size="XL"),
    Ask(query="green dress or boots", name="dress|boots", color="green"),
    Ask(query="gray hoodie", name=HOODIE, color="grey"),
    Ask(query="black jacket not leather", name=r"^(?!.*cowhide).*\bjackets?\b", color="black"),
    Ask(query="burgundy", color="burgundy"),
    Ask(query="navy blue jacket", name=JACKET, color="navy"),
    # Materials and details.
    Ask(query="is the brown suede one still available", name="suede", color="brown"),
    Ask(query="suede jacket with fringe", name="suede.*fringe"),
    Ask(query="sherpa", text="sherpa"),
    Ask(query="metallica tee", name="metallica"),
    Ask(query="cowboy hat", name="cowboy hat"),
    Ask(query="hawaiian shirt", name="hawaiian"),
    Ask(query="corduroy flares", name="corduroy flares"),
)  # fmt: skip


@pytest.mark.parametrize("ask", [ask for ask in ASKS if "US-9" not in ask.size], ids=lambda ask: ask.query)
def test_finds_exactly_what_the_columns_say(whole_shop: sqlite3.Connection, rows: list[Row], ask: Ask) -> None:
    """Everything that the columns admit is found, nothing else, and the answer calls itself exact."""
    answer = {row["sku"] for row in rows if ask.admits(row)}
    assert answer, "a query of this table must have an answer in the sample shop"
    result = search(whole_shop, ask.query, limit=200)
    assert {piece.sku for piece in result.pieces} == answer
    assert result.exact
    assert result.relaxed == ()


def test_the_table_is_as_long_as_promised() -> None:
    """The table holds at least eighty queries, no two alike."""
    assert len({ask.query for ask in ASKS}) == len(ASKS) >= 80


def test_a_shoe_size_is_read_off_the_label(whole_shop: sqlite3.Connection) -> None:
    """A bare 9, "US 9" and "9 us" find the boots of that label, an EU 38 only those marked EU."""
    for query in ("boots size 9", "boots us 9", "9 us boots", "boots 9"):
        assert [piece.sku for piece in search(whole_shop, query).pieces] == ["F-001"], query
    assert [piece.sku for piece in search(whole_shop, "boots EU 38").pieces] == ["F-008"]
    assert "F-008" not in {
        piece.sku for piece in search(whole_shop, "boots us 38").pieces if search(whole_shop, "boots us 38").exact
    }
