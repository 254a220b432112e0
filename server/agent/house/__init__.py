"""The house drafter: replies without a model, from rows and the shop's own words.

Intents by rules → what is asked → the same search → a sentence filled from rows, measured before 200 characters,
worded by the message's hash, and passed through the same grounding check as a model's reply.
"""

from __future__ import annotations

from server.agent.house.drafting import draft

__all__ = ["draft"]
