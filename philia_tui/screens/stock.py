"""The stock: every piece with its state, who holds it, and how many drafts name it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.widget import Widget

from philia_tui import keys
from philia_tui.inert import inert, one_line
from philia_tui.screens.side import SideScreen
from philia_tui.telling import many, moment
from philia_tui.widgets.evidence import CURRENCY_SIGNS
from philia_tui.widgets.listing import Listing
from philia_tui.widgets.page import Page
from philia_tui.wrapping import Line, fit, wrap
from store.stock import in_unit, money
from store.views.pictures import of_piece
from store.views.stock import PieceRow, piece_ids, pieces

if TYPE_CHECKING:
    from philia_tui.screens.inbox import InboxScreen
    from philia_tui.verbs import Act

STYLES = {"available": "good", "held": "warn", "reserved": "warn", "sold": "faint"}
WORDS = {"available": "✓ available", "held": "◆ on hold", "reserved": "◇ reserved", "sold": "✗ sold"}


class StockScreen(SideScreen):
    """One list and the piece under the cursor in full."""

    NAME = "stock"
    KEYS: ClassVar = (*keys.STOCK, *(key for key in keys.LOOKING if key.id == "look_filter"))
    BINDINGS: ClassVar = keys.bindings(keys.STOCK)

    def __init__(self, inbox: InboxScreen) -> None:
        """Starts with every piece."""
        super().__init__(inbox)
        self.listing = Listing(lambda ids: pieces(self.desk.db, ids), self._row, empty="No piece has these words.")
        self.page = Page(self._detail)

    def body(self) -> Iterable[Widget]:
        """Returns the list and the details."""
        return (self.listing, self.page)

    def load(self) -> None:
        """Reads the order of the pieces."""
        ids = piece_ids(self.desk.db, self.words)
        self.listing.show(ids)
        self.say(many(len(ids), "piece") + (f" with “{one_line(self.words)}”" if self.words else ""))

    @on(Listing.Highlighted)
    def _moved(self) -> None:
        self.page.relay()

    def _row(self, piece: PieceRow, width: int) -> Line:
        price = self._price(piece)
        room = max(12, width - 52)
        line: Line = [
            (fit(one_line(piece.sku), 10) + " ", "accent"),
            (fit(one_line(piece.name), room) + " ", "text"),
            (fit(one_line(piece.size), 7) + " ", "dim"),
            (price.rjust(10) + "  ", "text"),
            (WORDS.get(piece.status, piece.status).ljust(12), STYLES.get(piece.status, "text")),
        ]
        if piece.waiting:
            line.append((f"+{piece.waiting} wait", "warn"))
        return line

    def _price(self, piece: PieceRow) -> str:
        if piece.price_cents is None:
            return "no price"
        return f"{CURRENCY_SIGNS.get(piece.currency, piece.currency + ' ')}{money(piece.price_cents)}"

    def _detail(self, width: int) -> list[Line]:
        number = self.listing.selected
        piece = self.listing.row(number) if number is not None else None
        if piece is None:
            return []
        unit = self.settings.shop.unit
        lines = wrap([(one_line(piece.sku), "accent"), (f"  {one_line(piece.name)}", "strong")], width)
        facts = [piece.brand, piece.size and f"size {piece.size}", piece.color, piece.era, piece.condition]
        lines += wrap([(" · ".join(one_line(fact) for fact in facts if fact), "text")], width)
        lengths = ", ".join(
            f"{one_line(kind.replace('_', '-'))} {in_unit(mm, unit):g} {unit}"
            for kind, mm in piece.measurements.items()
        )
        lines += wrap([(lengths or "no measurements: a question about its size goes to you", "dim")], width)
        state: Line = [(WORDS.get(piece.status, piece.status), STYLES.get(piece.status, "text"))]
        if piece.held_for:
            until = f" until {moment(piece.held_until, self.desk.clock(), self.zone)}" if piece.held_until else ""
            state.append((f" for {one_line(piece.held_for)}{until}", "warn"))
        if piece.waiting:
            state.append((f", {many(piece.waiting, 'customer')} in line", "warn"))
        if piece.drafts:
            state.append((f" · named in {many(piece.drafts, 'draft')}", "dim"))
        lines += wrap(state, width)
        shown = of_piece(self.desk.db, piece.id)
        opens = self.inbox.key_of("stock_picture")
        told = f"picture {shown.words.partition(', ')[2]} · {opens} opens it" if shown is not None else "no picture"
        lines += wrap([(told, "dim")], width)
        return lines + wrap([(inert(piece.description, lines=True), "dim")], width)

    # Verbs

    def _run(self, make: str) -> None:
        number = self.listing.selected
        piece = self.listing.row(number) if number is not None else None
        if piece is None:
            return
        verbs = self.inbox.verbs
        acts: dict[str, Act] = {"sold": verbs.sold(piece.sku), "unsold": verbs.unsold(piece.sku)}
        self.act(acts[make])

    def action_stock_sold(self) -> None:
        """Marks the piece sold."""
        self._run("sold")

    def action_stock_unsold(self) -> None:
        """Makes the piece available again."""
        self._run("unsold")

    def action_stock_picture(self) -> None:
        """Opens the picture of the piece."""
        number = self.listing.selected
        shown = of_piece(self.desk.db, number) if number is not None else None
        if shown is None:
            self.inbox.tell("This piece has no picture. Give it one: philia items picture SKU FILE", bad=True)
            return
        self.inbox.open_pictures([shown])

    def action_stock_release(self) -> None:
        """Ends the hold on the piece."""
        number = self.listing.selected
        piece = self.listing.row(number) if number is not None else None
        if piece is not None:
            self.act(self.inbox.verbs.release(piece.sku, None, whom=one_line(piece.held_for or "nobody")))
