"""Logs: one JSON object a line on standard output, the same for our code and for the server's own messages."""

from __future__ import annotations

import asyncio
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
    """A record as one line: time (RFC 3339, UTC), level, service, logger, message, the request's ids and the record's
    extra fields."""

    def __init__(self, service: str) -> None:
        super().__init__()
        self.service = service

    def format(self, record: logging.LogRecord) -> str:
        """The line, without its end."""
        line = self.line(record.created, record.levelname.lower(), record.name, record.getMessage())
        line |= {name: value for name, value in vars(record).items() if name not in _STANDARD}
        if record.exc_info:
            line["error"] = self.formatException(record.exc_info)
        return _encode(line).decode()

    def line(self, created: float, level: str, logger: str, message: str) -> dict[str, object]:
        """What every line has."""
        line: dict[str, object] = {
            "time": _rfc3339(created),
            "level": level,
            "service": self.service,
            "logger": logger,
            "message": message,
        }
        request_id = current_request_id.get()
        if request_id is not None:
            line["request_id"] = request_id
        trace = current_trace.get()
        if trace is not None:
            line["trace_id"], line["span_id"] = trace.trace_id, trace.span_id
        return line


class JsonHandler(logging.StreamHandler[TextIO]):
    """Writes lines to the stream, those of requests as many at a time as one turn of the event loop brings."""

    def __init__(self, service: str, stream: TextIO) -> None:
        super().__init__(stream)
        self.formatter: JsonFormatter = JsonFormatter(service)
        self._waiting: list[bytes] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Write one line now, after those that wait."""
        self._flush_waiting()
        super().emit(record)

    def request(self, logger: str, fields: dict[str, object]) -> None:
        """A line of level info for an answered request; a record would cost more than all the rest of the line."""
        line = self.formatter.line(time.time(), "info", logger, "request")
        line |= fields
        if not self._waiting:
            asyncio.get_running_loop().call_soon(self._flush_waiting)
        self._waiting.append(_encode(line))

    def _flush_waiting(self) -> None:
        if self._waiting:
            self._waiting.append(b"")
            lines = b"\n".join(self._waiting).decode()
            self._waiting.clear()
            self.stream.write(lines)
            self.stream.flush()


def log_request(logger: logging.Logger, fields: dict[str, object]) -> None:
    """`logger.info("request", extra=fields)`, by a shorter way where the process logs as `configure` made it."""
    handlers = logging.root.handlers
    if len(handlers) == 1 and isinstance(handlers[0], JsonHandler) and logger.isEnabledFor(logging.INFO):
        handlers[0].request(logger.name, fields)
    else:
        logger.info("request", extra=fields)


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
    root = logging.getLogger()
    root.handlers = [JsonHandler(service, stream or sys.stdout)]
    root.setLevel(level.upper())
    for chatty in ("botocore", "urllib3", "asyncio", "alembic", "aiohttp.access"):
        logging.getLogger(chatty).setLevel(logging.WARNING)
