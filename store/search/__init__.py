"""Search that understands: filters from a customer's words, typos mended, and an honest word when it gave way.

`search` answers a query and `batch` many of them, `similar` finds what may stand in for a piece that is gone, and
`named_pieces` which piece a question is about, sold ones included; see docs/search.md.
"""

from __future__ import annotations

from store.search.engine import LIMIT, WHOLE, batch, search
from store.search.kin import similar
from store.search.naming import named_pieces
from store.search.result import SearchResult

__all__ = ["LIMIT", "WHOLE", "SearchResult", "batch", "named_pieces", "search", "similar"]
