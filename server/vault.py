"""Where a secret is kept: in the system's keyring when there is a real one, else in a file that only its owner reads.

A keyring without a desktop raises, and one of `keyrings.alt` would store plain text under another name: both count as
none, and the file is used, whose rights say what it is.
"""

from __future__ import annotations

import functools
import json
import os
import queue
import secrets
import threading
import time
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal, NoReturn, Protocol, TypeVar

T = TypeVar("T")

KeptIn = Literal["keyring", "file"]

REAL: Final = frozenset(
    f"keyring.backends.{name}" for name in ("SecretService", "kwallet", "libsecret", "macOS", "Windows")
)
"""The backends that are the system's own."""


KEYRING_SECONDS: Final = 10.0
"""How long a keyring may take: a locked one waits for its owner, and neither a start nor an end waits for her."""


class VaultError(Exception):
    """A secret could not be kept or read; the secret is not in the words."""


class Vault(Protocol):
    """A place for secrets by name; every method raises VaultError."""

    @property
    def kept_in(self) -> KeptIn:
        """Returns which kind of place it is."""
        ...

    @property
    def where(self) -> str:
        """Returns the place in the owner's words."""
        ...

    def get(self, name: str) -> str | None:
        """Returns a secret, None when it is not there."""
        ...

    def put(self, name: str, value: str) -> None:
        """Keeps a secret; when this returns, it survives a power cut."""
        ...

    def forget(self, name: str) -> None:
        """Takes a secret out; nothing happens when it is not there."""
        ...


class Keyring(Protocol):
    """What a backend of `keyring` can do."""

    def get_password(self, service: str, username: str) -> str | None:
        """Returns a password."""
        ...

    def set_password(self, service: str, username: str, password: str) -> None:
        """Keeps a password."""
        ...

    def delete_password(self, service: str, username: str) -> None:
        """Takes a password out."""
        ...


@dataclass(frozen=True, slots=True)
class FileVault:
    """Secrets as JSON in one file of mode 0600, replaced whole."""

    path: Path
    kept_in: KeptIn = "file"

    @property
    def where(self) -> str:
        """Returns the file's path."""
        return str(self.path)

    def get(self, name: str) -> str | None:
        """Returns a secret, None when it is not there."""
        return self._read().get(name)

    def put(self, name: str, value: str) -> None:
        """Keeps a secret; when this returns, it survives a power cut."""
        write_private(self.path, json.dumps({**self._read(), name: value}))

    def forget(self, name: str) -> None:
        """Takes a secret out, and the file with the last one."""
        rest = self._read()
        if rest.pop(name, None) is None:
            return
        if rest:
            write_private(self.path, json.dumps(rest))
        else:
            self.path.unlink(missing_ok=True)

    def _read(self) -> dict[str, str]:
        try:
            found = json.loads(self.path.read_text("utf-8"))
        except FileNotFoundError:
            return {}
        except (OSError, ValueError) as fault:
            raise VaultError(
                f"{self.path} cannot be read ({type(fault).__name__}). Sign in anew: philia login"
            ) from None
        return {str(name): str(value) for name, value in found.items()} if isinstance(found, dict) else {}


@dataclass(frozen=True, slots=True)
class KeyringVault:
    """Secrets in the system's keyring, under one service name."""

    backend: Keyring
    service: str
    kept_in: KeptIn = "keyring"

    @property
    def where(self) -> str:
        """Returns the keyring's name for the shop."""
        return f"the system keyring, service {self.service!r}"

    def get(self, name: str) -> str | None:
        """Returns a secret, None when it is not there."""
        try:
            return _within(
                lambda: self.backend.get_password(self.service, name), question=(type(self.backend), self.service, name)
            )
        except TimeoutError:
            raise VaultError(_silent()) from None
        except Exception as fault:  # noqa: BLE001  # each backend has errors of its own
            raise VaultError(f"The system keyring cannot be read ({type(fault).__name__}); unlock it.") from None

    def put(self, name: str, value: str) -> None:
        """Keeps a secret."""
        try:
            _within(lambda: self.backend.set_password(self.service, name, value))
        except TimeoutError:
            raise VaultError(_silent()) from None
        except Exception as fault:  # noqa: BLE001  # each backend has errors of its own
            raise VaultError(f"The system keyring takes nothing ({type(fault).__name__}); unlock it.") from None

    def forget(self, name: str) -> None:
        """Takes a secret out; nothing happens when it is not there."""
        if self.get(name) is None:
            return
        try:
            _within(lambda: self.backend.delete_password(self.service, name))
        except TimeoutError:
            raise VaultError(_silent()) from None
        except Exception as fault:  # noqa: BLE001  # each backend has errors of its own
            raise VaultError(f"The system keyring cannot be changed ({type(fault).__name__}); unlock it.") from None


def real_keyring() -> Keyring | None:
    """Returns the system's keyring, None when there is none that deserves the name."""

    def look() -> object:
        import keyring  # noqa: PLC0415  # 200 ms, paid only by who keeps secrets there

        return keyring.get_keyring()

    try:
        backend = _within(look)
    except Exception:  # noqa: BLE001  # whatever a desktop lacks, the file is left
        return None
    candidates = getattr(backend, "backends", [backend])
    return next((each for each in candidates if type(each).__module__ in REAL), None)


_unanswered: Final[dict[Hashable, threading.Thread]] = {}
"""The questions that a keyring still puts to its owner: who looks again waits, and opens no second window."""


def _within(asking: Callable[[], T], *, question: Hashable = None) -> T:
    """Asks in a thread of its own, which is left behind when it does not answer. Raises TimeoutError."""
    end = time.monotonic() + KEYRING_SECONDS
    before = _unanswered.get(question)
    if before is not None:
        before.join(KEYRING_SECONDS)
        if before.is_alive():
            raise TimeoutError
        _unanswered.pop(question, None)
    answers: queue.SimpleQueue[Callable[[], T]] = queue.SimpleQueue()

    def ask() -> None:
        try:
            answer = asking()
        except Exception as fault:  # noqa: BLE001  # raised again where it was asked
            answers.put(functools.partial(_raise, fault))
        else:
            answers.put(lambda: answer)

    # A daemon: the interpreter's end does not wait for it, as it would for a pool's.
    thread = threading.Thread(target=ask, name="keyring", daemon=True)
    thread.start()
    try:
        answered = answers.get(timeout=max(0.0, end - time.monotonic()))
    except queue.Empty:
        if question is not None:
            _unanswered[question] = thread
        raise TimeoutError from None
    return answered()


def _raise(fault: Exception) -> NoReturn:
    raise fault


def _silent() -> str:
    return f"The system keyring has not answered for {KEYRING_SECONDS:.0f} s; unlock it."


def write_private(path: Path, text: str) -> None:
    """Writes a whole file that only its owner may read, or nothing; durable when it returns. Raises VaultError."""
    beside = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        file = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        try:
            with os.fdopen(file, "w", encoding="utf-8") as written:
                written.write(text)
                written.flush()
                os.fsync(written.fileno())
            beside.replace(path)
        except BaseException:
            beside.unlink(missing_ok=True)
            raise
        folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
    except OSError as fault:
        raise VaultError(f"{path} cannot be written: {fault.strerror or type(fault).__name__}.") from fault
