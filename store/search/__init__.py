"""Search that understands: filters from a customer's words, typos mended, and an honest word when it gave way.

`search` answers a query, `batch` many of them; see docs/search.md.
"""

from __future__ import annotations

from store.search.engine import LIMIT, batch, search
from store.search.result import SearchResult

__all__ = ["LIMIT", "SearchResult", "batch", "search"]
