"""Long work beside the inbox: a command of Philia's own as a child, whose progress is read and which can be stopped.

The inbox neither imports what such work needs nor waits for it. The commands leave nothing half done when they are
interrupted: an import is one transaction, a backup appears when it is whole, a replay keeps nothing, and what was
fetched is whole conversations.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from philia_tui.inert import one_line
from server.children import die_with_parent

PATIENCE: Final = 15.0
"""Seconds that work gets to leave things as they were."""

LONGEST: Final = 1_000
"""Lines of a command's answer that are kept for the screen."""

LINE_BYTES: Final = 1 << 20


class Job(NamedTuple):
    """One piece of long work: what it is called, the command, and what it means that it was stopped."""

    name: str
    arguments: tuple[str, ...]
    stopped: str
    line: int = 0
    """Which line of its answer says in a sentence what happened."""


@dataclass(slots=True)
class Told:
    """What is known of a job."""

    job: Job
    what: str = ""
    done: int = 0
    of: int = 0
    said: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)
    stopping: bool = False
    status: int | None = None
    """None while it runs."""

    @property
    def running(self) -> bool:
        """Whether it is under way."""
        return self.status is None

    @property
    def share(self) -> str:
        """Returns how far it is: "45 %", or "…" while it has not begun to count."""
        return f"{100 * self.done // self.of} %" if self.of else "…"

    @property
    def outcome(self) -> str:
        """Says in a sentence how it ended."""
        if self.stopping and self.status != 0:
            return f"{self.job.name} was stopped. {self.job.stopped}"
        if self.status == 0:
            said = [line.strip() for line in self.said if line.strip()]
            return f"{self.job.name}: {said[min(self.job.line, len(said) - 1)]}" if said else f"{self.job.name}: done."
        return f"{self.job.name}: {self.complaints[-1] if self.complaints else 'it ended by itself; nothing is known.'}"


class LongWork:
    """Runs one job at a time."""

    def __init__(self, arguments: Sequence[str] = (), environment: Mapping[str, str] | None = None) -> None:
        """Takes what every command of this shop is called with."""
        self._command = [sys.executable, "-m", "philia_tui", *arguments]
        self._environment = dict(os.environ if environment is None else environment)
        self._process: Process | None = None
        self.told: Told | None = None

    @property
    def words(self) -> str:
        """Returns for the header what is under way; empty when nothing is."""
        told = self.told
        return f"{told.job.name.lower()} {told.share}" if told is not None and told.running else ""

    async def run(self, job: Job) -> Told:
        """Runs a job to its end and returns how it ended. Call it on the main thread, when nothing else runs."""
        told = self.told = Told(job)
        try:
            process = self._process = await asyncio.create_subprocess_exec(
                *self._command,
                *job.arguments,
                stdin=DEVNULL,
                stdout=PIPE,
                stderr=PIPE,
                env={**self._environment, "PHILIA_PROGRESS": "lines"},
                start_new_session=True,
                preexec_fn=die_with_parent(),
                limit=LINE_BYTES,
            )
        except OSError as fault:
            told.complaints.append(str(fault))
            told.status = 1
            return told
        if told.stopping:
            self._interrupt()
        await asyncio.gather(self._answers(process, told), self._complaints(process, told))
        status = await process.wait()
        self._process = None
        told.status = status
        return told

    async def stop(self) -> None:
        """Stops what is under way and waits until it has left things as they were; kills what does not listen."""
        told, process = self.told, self._process
        if told is None or not told.running:
            return
        told.stopping = True
        self._interrupt()
        if process is not None:
            try:
                await asyncio.wait_for(process.wait(), PATIENCE)
            except TimeoutError:
                process.kill()
                await process.wait()

    def _interrupt(self) -> None:
        if self._process is not None:
            with contextlib.suppress(ProcessLookupError):
                self._process.send_signal(signal.SIGINT)

    async def _answers(self, process: Process, told: Told) -> None:
        assert process.stdout is not None
        async for line in process.stdout:
            if len(told.said) < LONGEST:
                told.said.append(_drawable(line))

    async def _complaints(self, process: Process, told: Told) -> None:
        assert process.stderr is not None
        async for line in process.stderr:
            if line.startswith(b'{"what"'):
                with contextlib.suppress(ValueError, KeyError, TypeError):
                    step = json.loads(line)
                    told.what, told.done, told.of = one_line(str(step["what"])), int(step["done"]), int(step["of"])
                    continue
            if line.strip() and len(told.complaints) < LONGEST:
                told.complaints.append(_drawable(line).strip())


def _drawable(line: bytes) -> str:
    """Returns a line of a command as it may be drawn, with the blanks that lay out its columns."""
    text = line.decode("utf-8", "replace").rstrip("\r\n")
    rest = text.lstrip(" ")
    return " " * (len(text) - len(rest)) + ("  ".join(one_line(part) for part in rest.split("  ")))
