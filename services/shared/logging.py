"""Logs: one JSON object a line on standard output, the same for our code and for the server's own messages."""

from __future__ import annotations

import logging
import sys
import time
from contextvars import ContextVar
from functools import lru_cache
from typing import TextIO

import msgspec

from services.shared.tracing import current_trace

current_request_id: ContextVar[str | None] = ContextVar("current_request_id", default=None)
"""The id of the request that is being answered, in every line that is logged meanwhile."""

_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "color_message", "taskName"}


_encode = msgspec.json.Encoder(enc_hook=str).encode


class JsonFormatter(logging.Formatter):
    """A record as one line: time (RFC 3339, UTC), level, service, logger, message, request_id and its extra fields."""

    def __init__(self, service: str) -> None:
        super().__init__()
        self.service = service

    def format(self, record: logging.LogRecord) -> str:
        """The line, without its end."""
        line: dict[str, object] = {
            "time": _rfc3339(record.created),
            "level": record.levelname.lower(),
            "service": self.service,
            "logger": record.name,
            "message": record.getMessage(),
        }
        request_id = current_request_id.get()
        if request_id is not None:
            line["request_id"] = request_id
        trace = current_trace.get()
        if trace is not None:
            line["trace_id"], line["span_id"] = trace.trace_id, trace.span_id
        line |= {name: value for name, value in vars(record).items() if name not in _STANDARD}
        if record.exc_info:
            line["error"] = self.formatException(record.exc_info)
        return _encode(line).decode()


def _rfc3339(timestamp: float) -> str:
    whole = int(timestamp)
    return f"{_second(whole)}.{int((timestamp - whole) * 1000):03}Z"


@lru_cache(maxsize=2)
def _second(timestamp: int) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(timestamp))


def configure(service: str, level: str, stream: TextIO | None = None) -> None:
    """Send every log line of this process to `stream` (standard output) in this form, from `level` up."""
    # What records never show here need not be collected (Logging HOWTO, "Optimization").
    logging.logThreads = logging.logProcesses = logging.logMultiprocessing = False
    logging._srcfile = None
    handler = logging.StreamHandler(stream or sys.stdout)
    handler.setFormatter(JsonFormatter(service))
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level.upper())
    for chatty in ("botocore", "urllib3", "asyncio", "alembic", "aiohttp.access"):
        logging.getLogger(chatty).setLevel(logging.WARNING)
