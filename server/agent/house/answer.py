"""What a reply is put together from before it is written out."""

from __future__ import annotations

from dataclasses import dataclass, field

from server.agent.house.say import Part


@dataclass(slots=True)
class Answer:
    """Sentences in order, the pieces they stand on, and why the owner must look, if she must."""

    parts: list[Part | None] = field(default_factory=list)
    cited: list[str] = field(default_factory=list)
    held: list[tuple[str, str]] = field(default_factory=list)

    def hold(self, code: str, detail: str = "") -> None:
        """Notes a reason for the owner to look; the first one is shown."""
        self.held.append((code, detail))

    def add(self, other: Answer) -> None:
        """Takes on what another part of the answer says."""
        self.parts.extend(part for part in other.parts if part is not None)
        self.cited.extend(other.cited)
        self.held.extend(other.held)
