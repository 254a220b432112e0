"""A day of a shop with marked secrets and marked words: where they may be found afterwards, and who may read."""

from __future__ import annotations

import json
import sqlite3
import stat
from collections.abc import Iterator
from contextlib import closing

import pytest

from tests.end_to_end.recorder import Answer, Recorder, Request
from tests.end_to_end.shop import Shop, opened, signed, v1, v1_3, wait

SECRETS = {
    "OPENAI_API_KEY": "sk-canaryopenai",
    "TIKTOK_ACCESS_TOKEN": "canarytoken",
    "TIKTOK_APP_ID": "canaryappid",
    "TIKTOK_APP_SECRET": "canaryappsecret",
}
WORDS = "canarywords"
"""A customer's: allowed in the database, its copies and the export, nowhere else."""


def refusing(request: Request, number: int) -> Answer:
    """A far end that says no and quotes what it was sent, as careless ones do."""
    quoted = request.body.decode(errors="replace") + str(request.headers)
    if request.path.endswith("/message/send/") and number % 2:
        return 200, {}, json.dumps({"code": 40002, "message": quoted, "request_id": "r"}).encode()
    return 500, {}, quoted.encode()


@pytest.fixture(scope="module")
def day(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Shop, list[str]]]:
    """A shop whose model and platform both fail, with everything printed by its commands."""
    folder = tmp_path_factory.mktemp("canary") / "shop"
    with (
        Recorder(refusing) as far_end,
        opened(Shop(folder, far_end.url, **SECRETS, OPENAI_BASE_URL=f"{far_end.url}/v1")) as shop,
    ):
        shop.environment["PHILIA_LOG__LEVEL"] = "debug"
        shop.serve()
        secret = SECRETS["TIKTOK_APP_SECRET"]
        bodies = [
            v1_3("m1", "conv-1", "ann", f"is the {WORDS} jacket there?"),
            v1("e2", "ben", f"{WORDS} please"),
            b'{"event":"im_receive_msg","user_openid":"biz-1","content":"' + WORDS.encode() + b'"}',
            f'{{"event":"message.received","event_id":"x","data":"{WORDS}"}}'.encode(),
        ]
        for body in bodies:
            assert shop.post(body, headers=signed(secret, body))[0] == 200
            assert shop.post(body, headers=signed("wrong", body))[0] == 401
        shop.post(WORDS.encode(), headers=signed(secret, WORDS.encode()))
        shop.get(f"/webhook/tiktok?secret={secret}&text={WORDS}")
        draft = shop.draft("ann")
        shop.draft("ben")
        printed = [shop.run("inbox", "edit", str(draft["id"]), "--text", f"Yes, {WORDS}!", "--now")]
        wait(lambda: shop.json("deliveries", "list")[0]["attempts"])
        shop.stop()
        printed += [shop.run(*words) for words in (("status",), ("export", "out"), ("backup", "copy.db"))]
        yield shop, printed


def test_secrets_are_in_no_file_and_on_no_screen(day: tuple[Shop, list[str]]) -> None:
    """No log, journal, export, backup, database or output holds a key, a token or a secret."""
    shop, printed = day
    files = [file for file in shop.folder.rglob("*") if file.is_file()]
    assert {"philia.log", "shop.db", "copy.db", "messages.jsonl"} <= {file.name for file in files}
    for secret in SECRETS.values():
        assert [file.name for file in files if secret.encode() in file.read_bytes()] == []
        assert not any(secret in text for text in printed)


def test_words_are_only_where_words_belong(day: tuple[Shop, list[str]]) -> None:
    """A customer's words stand in the database, its copy and the export; never in a log or in the journal."""
    shop, _ = day
    holding = {file.name for file in shop.folder.rglob("*") if file.is_file() and WORDS.encode() in file.read_bytes()}
    assert holding <= {"shop.db", "shop.db-wal", "copy.db", "messages.jsonl", "conversations.csv"}
    assert "messages.jsonl" in holding
    assert not [row for row in journal(shop) if WORDS in row]


def journal(shop: Shop) -> list[str]:
    with closing(sqlite3.connect(shop.database)) as db:
        return [str(row) for row in db.execute("SELECT * FROM journal")]


def test_only_the_owner_can_read(day: tuple[Shop, list[str]]) -> None:
    """Every file that the program made is for its owner alone."""
    shop, _ = day
    made = [file for file in shop.folder.rglob("*") if file.name not in {"config.toml", "out", "shop"}]
    open_to_others = {file.name: oct(file.stat().st_mode) for file in made if stat.S_IMODE(file.stat().st_mode) & 0o077}
    assert open_to_others == {}
    assert stat.S_IMODE((shop.folder / "out").stat().st_mode) == 0o700


def test_the_settings_are_shown_without_secrets(day: tuple[Shop, list[str]]) -> None:
    """`philia config show` and `philia doctor` name what is set and show none of it."""
    shop, _ = day
    for text in (shop.run("config", "show"), shop.run("config", "show", "--json")):
        assert not any(secret in text for secret in SECRETS.values())
