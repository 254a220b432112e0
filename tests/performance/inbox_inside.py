"""Runs inside a terminal of the benchmark's own: a bare Textual app, or the inbox, measured from within.

Called by `tests.performance.inbox` as `python -m tests.performance.inbox_inside WHAT DATABASE RESULT`.
"""

from __future__ import annotations

import asyncio
import gc
import json
import sys
import time
from pathlib import Path
from typing import Any, ClassVar


def resident_mib() -> float:
    """Returns the resident memory of this process in MiB."""
    for line in Path("/proc/self/status").read_text("ascii").splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    return 0.0


def bare(result: Path) -> None:
    """Opens the smallest app there is, with one list of lines, as a yardstick."""
    from textual.app import App, ComposeResult
    from textual.widgets import Static

    class Bare(App[None]):
        def compose(self) -> ComposeResult:
            yield Static("the bare app is ready")

        def on_mount(self) -> None:
            self.set_timer(1.5, self.end)

        def end(self) -> None:
            result.write_text(json.dumps({"memory": resident_mib()}), "utf-8")
            self.exit()

    Bare().run()


def inbox(what: str, database: Path, result: Path) -> None:
    """Opens the inbox and measures what was asked for."""
    # As `philia_tui.opening` does; the app enables it again when it is drawn.
    gc.disable()
    from philia_tui.app import PhiliaApp
    from server.settings import Settings

    class Measured(PhiliaApp):
        painted: asyncio.Event | None = None
        worked: ClassVar[list[float]] = []
        """Milliseconds of processor time that each key took: the same on a busy machine as on an idle one."""

        def post_display_hook(self) -> None:
            """Tells that a frame went to the terminal which shows the conversation under the cursor."""
            if self.painted is not None and self.inbox.thread.conversation == self.inbox.selected:
                self.painted.set()

        async def press(self, key: str, character: str | None = None) -> float:
            """Presses a key and returns the milliseconds until a frame with the new conversation is written."""
            from textual import events

            self.painted = asyncio.Event()
            start, worked = time.perf_counter(), time.process_time()
            self.post_message(events.Key(key, character))
            await asyncio.wait_for(self.painted.wait(), 5)
            self.worked.append((time.process_time() - worked) * 1000)
            return (time.perf_counter() - start) * 1000

    app = Measured(database, Settings())

    async def measure() -> None:
        found: dict[str, Any] = {}
        await asyncio.sleep(1.5)
        found["memory"] = resident_mib()
        if what == "keys":
            found["j"] = [await paced(app, "j") for _ in range(200)]
            found["worked"] = list(app.worked)
            found["page"] = [await paced(app, "pagedown") for _ in range(60)]
        elif what == "open":
            found["open"] = []
            big = app.inbox.queue.ids.index(found_big(database))
            for _ in range(12):
                app.inbox.queue.go(big - 1)
                await asyncio.sleep(0.05)
                found["open"].append(await app.press("j", "j"))
                await asyncio.sleep(0.05)
        elif what == "burst":
            found["j"] = [await paced(app, "j", 0.03) for _ in range(200)]
            found["memory"] = resident_mib()
        await asyncio.to_thread(result.write_text, json.dumps(found), "utf-8")
        app.exit()

    def begin() -> None:
        app.run_worker(measure(), exit_on_error=True)

    if what == "paint":

        def leave() -> None:
            app.set_timer(1.5, app.exit)

        app.call_later(leave)
    else:
        app.call_later(begin)
    app.run()


async def paced(app: Any, key: str, pause: float = 0.01) -> float:
    """Presses a key once the screen is at rest."""
    spent: float = await app.press(key, key if len(key) == 1 else None)
    await asyncio.sleep(pause)
    return spent


def found_big(database: Path) -> int:
    """Returns the conversation with the most messages."""
    from store.database import connect

    db = connect(database, readonly=True)
    try:
        return int(db.execute("SELECT id FROM conversations WHERE platform_id = 'c-big'").fetchone()[0])
    finally:
        db.close()


if __name__ == "__main__":
    if sys.argv[1] == "bare":
        bare(Path(sys.argv[3]))
    else:
        inbox(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]))
