"""Pictures in the inbox: seeing those of a thread, and sending the one of a piece. A mixin of the inbox screen."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, cast

from textual import work

from philia_tui.screens.deciding import Deciding
from store import views

if TYPE_CHECKING:
    from philia_tui.screens.inbox import InboxScreen


class Picturing(Deciding):
    """The verbs about pictures."""

    if TYPE_CHECKING:
        piece: Callable[[], str | None]

    def action_picture(self) -> None:
        """Opens the newest picture of the thread."""
        found = views.of_thread(self.desk.db, self.selected) if self.selected is not None else []
        if not found:
            self.tell("There is no picture in this thread.")
            return
        self.open_pictures(found)

    def open_pictures(self, found: list[views.Shown]) -> None:
        """Opens the viewer over some pictures, the newest first."""
        # Textual alone; textual-image and Pillow come with the first picture that is drawn.
        from philia_tui.screens.picture import PictureScreen  # noqa: PLC0415

        self.app.push_screen(PictureScreen(cast("InboxScreen", self), found))

    @work(group="ask", exclusive=True, exit_on_error=False)
    async def action_picture_send(self) -> None:
        """Asks of which piece, the one that the draft names first, and sends its picture."""
        card = self.card
        if card is None:
            return
        whom = self.whom()
        sku = await self.ask("Send the picture of which piece?", value=self.piece() or "", placeholder="SKU")
        if sku is None or not sku.strip():
            return
        act = self.verbs.send_picture(
            card.conversation, sku.strip(), seen_message=card.newest_customer_message, whom=whom
        )
        await self.perform(act)
