"""Crash reports to Sentry, if the owner set SENTRY_DSN: what broke and where in the code, never whose message it was.

A report is built anew from a short list of fields: the kind of error, the lines of code it went through, the unfilled
pattern of a log line. Values, texts of errors, local variables, requests, addresses and breadcrumbs do not leave, so
that nothing has to be recognised in order to be taken out.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from importlib.metadata import version
from typing import Any, Final

log = logging.getLogger(__name__)

_FRAME: Final = ("filename", "function", "module", "lineno", "in_app")
_TOP: Final = ("event_id", "timestamp", "platform", "level", "logger", "release", "sdk")

FLUSH_SECONDS: Final = 2.0
"""How long the end of the server waits for the last report."""


def start(dsn: str) -> bool:
    """Sends errors from now on; False without a DSN, or, with a line in the log, when it cannot be."""
    if not dsn:
        return False
    try:
        # 390 ms, and an extra that is not always there: pip install philia[sentry]
        import sentry_sdk  # noqa: PLC0415
        from sentry_sdk.integrations.logging import LoggingIntegration  # noqa: PLC0415
        from sentry_sdk.utils import BadDsn  # noqa: PLC0415
    except ImportError:
        log.warning("SENTRY_DSN is set and sentry-sdk is not installed: pip install 'philia[sentry]'")
        return False
    try:
        sentry_sdk.init(
            dsn=dsn,
            release=f"philia@{version('philia')}",
            default_integrations=False,
            auto_enabling_integrations=False,
            integrations=[LoggingIntegration(level=None, event_level=logging.ERROR)],
            before_send=lambda event, _hint: scrubbed(event),
            send_default_pii=False,
            include_local_variables=False,
            include_source_context=False,
            max_breadcrumbs=0,
            server_name="",
            auto_session_tracking=False,
            send_client_reports=False,
        )
    except BadDsn:
        log.warning("SENTRY_DSN is no address that Sentry gives out; errors are only in this log")
        return False
    return True


def stop() -> None:
    """Sends what waits and ends it."""
    import sentry_sdk  # noqa: PLC0415  # there, since `start` found it

    sentry_sdk.get_client().close(timeout=FLUSH_SECONDS)


def scrubbed(event: Mapping[str, Any]) -> Any:
    """Returns the report that may leave."""
    kept: dict[str, Any] = {name: event[name] for name in _TOP if name in event}
    exceptions = (event.get("exception") or {}).get("values") or []
    if exceptions:
        kept["exception"] = {"values": [_exception(one) for one in exceptions]}
    entry = event.get("logentry") or {}
    if isinstance(entry.get("message"), str):
        # The pattern as it stands in the code: what would fill it is left behind.
        kept["logentry"] = {"message": entry["message"]}
    return kept


def _exception(given: Mapping[str, Any]) -> dict[str, Any]:
    frames = ((given.get("stacktrace") or {}).get("frames")) or []
    return {
        "type": given.get("type"),
        "module": given.get("module"),
        "stacktrace": {"frames": [{name: frame[name] for name in _FRAME if name in frame} for frame in frames]},
    }
