"""What the screen reads: plain sqlite3, by index, page by page, so that 100,000 conversations stay quick.

Nothing here writes. Texts come back as they were stored; the screen makes them inert where it draws them.
"""

from __future__ import annotations

from store.views.header import Header, Told, header, notices
from store.views.pictures import Shown, of_piece, of_thread
from store.views.queue import HOLDS, LISTS, Row, all_held, find, newest_held, order, rows, tally
from store.views.search import Found, excerpt, messages
from store.views.thread import Basis, Card, DraftView, Mark, Said, Sending, card, draft, earlier_words, said, sendings

__all__ = [
    "HOLDS",
    "LISTS",
    "Basis",
    "Card",
    "DraftView",
    "Found",
    "Header",
    "Mark",
    "Row",
    "Said",
    "Sending",
    "Shown",
    "Told",
    "all_held",
    "card",
    "draft",
    "earlier_words",
    "excerpt",
    "find",
    "header",
    "messages",
    "newest_held",
    "notices",
    "of_piece",
    "of_thread",
    "order",
    "rows",
    "said",
    "sendings",
    "tally",
]
