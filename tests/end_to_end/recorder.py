"""A platform of the tests' own: it writes down what arrives, byte for byte, and answers as it is told."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self


@dataclass(frozen=True, slots=True)
class Request:
    """A request as it came; header names in lower case."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:
        """Reads the body."""
        return json.loads(self.body)


Answer = tuple[int, dict[str, str], bytes]


class Recorder:
    """An HTTP server on a free port of this machine, for `with`."""

    def __init__(self, answer: Callable[[Request, int], Answer]) -> None:
        """`answer` is given the request and its number, from 0."""
        self.requests: list[Request] = []
        self.count = 0
        """How many arrived in all; ids made of it never repeat, though a test may clear `requests`."""
        self.arrived = threading.Condition()
        recorder = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def handle_any(self) -> None:
                length = int(self.headers.get("Content-Length") or 0)
                headers = {name.lower(): value for name, value in self.headers.items()}
                request = Request(self.command, self.path, headers, self.rfile.read(length))
                with recorder.arrived:
                    number = recorder.count
                    recorder.count += 1
                    recorder.requests.append(request)
                    recorder.arrived.notify_all()
                status, more, body = answer(request, number)
                try:
                    self.send_response(status)
                    for name, value in {"Content-Type": "application/json", **more}.items():
                        self.send_header(name, value)
                    self.send_header("Content-Length", str(len(body)))
                    self.end_headers()
                    self.wfile.write(body)
                except OSError:
                    # The caller hung up; what it asked is written down all the same.
                    self.close_connection = True

            do_GET = do_POST = handle_any  # noqa: N815  # the names that http.server calls

            def log_message(self, *_: object) -> None:
                """Says nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02})

    def __enter__(self) -> Self:
        """Starts answering."""
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Stops."""
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    @property
    def sends(self) -> list[Request]:
        """The requests that ask to send a message, in either dialect."""
        return [request for request in self.requests if request.path.endswith("/message/send/")]

    def wait_for(self, count: int, seconds: float = 30.0) -> None:
        """Waits until so many requests to send have arrived."""
        with self.arrived:
            assert self.arrived.wait_for(lambda: len(self.sends) >= count, seconds)


def ok(_request: Request, number: int) -> Answer:
    """Accepts everything, as TikTok answers in either dialect."""
    message = {"message": {"message_id": f"platform-{number}"}}
    return 200, {}, json.dumps({"code": 0, "message": "OK", "request_id": f"r-{number}", "data": message}).encode()
