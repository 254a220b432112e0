"""`philia web` in headless Chromium: it paints, it takes keys, nobody else gets in, nothing is left behind."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.end_to_end.recorder import Recorder, ok
from tests.end_to_end.shop import PATIENCE, Shop, opened, v1, wait


@contextmanager
def web(shop: Shop) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """`philia web` of a shop, and the address it printed."""
    process = subprocess.Popen(
        [sys.executable, "-m", "philia_tui", "web", "--json"],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env=shop.environment,
        cwd=shop.folder,
    )
    assert process.stdout is not None
    try:
        yield process, json.loads(process.stdout.readline())["url"]
    finally:
        process.kill()
        process.wait(PATIENCE)
        process.stdout.close()


def ask(url: str, **headers: str) -> int:
    class Stay(urllib.request.HTTPRedirectHandler):
        def redirect_request(self, *_: object) -> None:
            return None

    try:
        request = urllib.request.Request(url, headers=headers)  # noqa: S310  # an address of this test's own
        with urllib.request.build_opener(Stay).open(request, timeout=20) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as refused:
        refused.close()
        return refused.code


def mine(shop: Shop) -> list[str]:
    """Processes whose command line or environment names this shop's settings."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and int(entry.name) != os.getpid():
            try:
                told = (entry / "cmdline").read_bytes()
            except OSError:
                continue
            if str(shop.folder).encode() in told:
                found.append(told.decode(errors="replace").replace("\0", " "))
    return found


def test_nobody_else_gets_in(tmp_path: Path) -> None:
    """Without the token, with a wrong one, with a used one, or by another host name there is 403, and no process."""
    shop = Shop(tmp_path / "shop", "http://127.0.0.1:9")
    with web(shop) as (process, address):
        root = address.partition("?")[0]
        assert ask(root) == 403
        assert ask(f"{root}?token=wrong") == 403
        assert ask(f"{root}static/js/textual.js") == 403
        assert ask(f"{root}ws") == 403
        assert ask(address, Host="evil.example") == 403
        assert ask(address, Origin="http://evil.example") == 403
        assert ask(address) == 303
        assert ask(address) == 403
        process.send_signal(signal.SIGTERM)
        assert process.wait(PATIENCE) == 0


@pytest.mark.browser
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_in_a_browser(number: int, tmp_path: Path) -> None:
    """The page paints the inbox with its own font and asks no other host; keys reach it; its end ends everything."""
    from playwright.sync_api import sync_playwright

    chromium = shutil.which("chromium")
    assert chromium is not None
    with Recorder(ok) as platform, opened(Shop(tmp_path / "shop", platform.url)) as shop:
        shop.serve()
        shop.post(v1("e1", "annabel", "hello, is the jacket there?"))
        shop.draft("annabel")
        with web(shop) as (process, address), sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
            asked: list[str] = []
            page = browser.new_page()
            page.on("request", lambda request: asked.append(request.url))
            page.goto(address)
            page.wait_for_selector("body.-first-byte", timeout=30_000)
            page.wait_for_function("document.fonts.check('16px \"Roboto Mono\"')")
            wait(lambda: mine(shop))
            page.keyboard.press("?")
            page.screenshot(path=str(tmp_path / "inbox.png"))
            own = address.partition("?")[0].removeprefix("http")
            assert asked
            assert [url for url in asked if not url.startswith((f"http{own}", f"ws{own}", "data:"))] == []
            process.send_signal(number)
            process.wait(PATIENCE)
            wait(lambda: not mine(shop))
            browser.close()
