"""What the listener is measured against, served the way it is: `python -m tests.performance.served KIND [DATABASE]`.

`noop` is a FastAPI route that does nothing. `session` checks the signature and keeps the event with one commit a
request through the async SQLModel session, as one would write it first. Prints the port it listens on.
"""

from __future__ import annotations

import asyncio
import signal
import sys
import time
from pathlib import Path

from fastapi import FastAPI, Request, Response

from server.listener import signature
from server.listener.events import read
from server.listener.serving import bind, make_server

SECRET = "performance-secret"  # a pretend secret of a pretend app
ACCEPTED = b'{"status": "accepted"}'


def noop() -> FastAPI:
    """Builds an application whose route does nothing."""
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)

    @app.post("/webhook/tiktok")
    async def nothing() -> Response:
        return Response(ACCEPTED, media_type="application/json")

    return app


def session(path: Path) -> FastAPI:
    """Builds an application that commits each event by itself."""
    from store.models import InboundEvent
    from store.sessions import make_engine, make_sessions

    sessions = make_sessions(make_engine(path))
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)

    @app.post("/webhook/tiktok")
    async def keep(request: Request) -> Response:
        body = await request.body()
        header = signature.find_header(request.headers.items())
        if signature.verify(SECRET, header, body, now=time.time()) != "valid":
            return Response(status_code=401)
        event = read(body)
        async with sessions() as open_session:
            open_session.add(
                InboundEvent(
                    dedupe_key=event.dedupe_key,
                    dialect=event.dialect,
                    event=event.event,
                    thread=event.thread,
                    platform_at=event.platform_at,
                    received_at=int(time.time() * 1000),
                    body=body,
                )
            )
            await open_session.commit()
        return Response(ACCEPTED, media_type="application/json")

    return app


async def run(app: FastAPI) -> None:
    """Serves until SIGTERM."""
    bound = bind("127.0.0.1", 0)
    server = make_server(app)
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, lambda: setattr(server, "should_exit", True))
    print(bound.getsockname()[1], flush=True)
    await server.serve(sockets=[bound])


def main() -> None:
    """Serves what is named."""
    kind, *path = sys.argv[1:]
    asyncio.run(run(noop() if kind == "noop" else session(Path(path[0]))))


if __name__ == "__main__":
    main()
