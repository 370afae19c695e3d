"""Logs: one JSON object a line on standard output, the same for our code and for the server's own messages."""

from __future__ import annotations

import asyncio
import logging
import sys
import time
from contextvars import ContextVar
from datetime import UTC, datetime
from functools import lru_cache
from typing import TextIO

import msgspec

from services.shared.tracing import Trace, current_trace

current_request_id: ContextVar[str | None] = ContextVar("current_request_id", default=None)
"""The id of the request that is being answered, in every line that is logged meanwhile."""

_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "color_message", "taskName"}


_REQUEST_FIELDS = ("request_id", "trace_id", "span_id", "method", "path", "status", "duration_ms", "client")
WAIT_SECONDS = 0.02
MOST_WAITING = 512
"""Lines of requests: under load one system call writes many."""

REQUESTS = logging.getLogger("services.request")

_encoder = msgspec.json.Encoder(enc_hook=str)


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
        return _encoder.encode(line).decode()

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


class RequestLine(msgspec.Struct, gc=False):
    """The line of an answered request; a record, or a dictionary, would cost more than all the rest of it."""

    time: datetime
    level: str
    service: str
    logger: str
    message: str
    request_id: str
    trace_id: str
    span_id: str
    method: str
    path: str
    status: int
    duration_ms: float
    client: str


class JsonHandler(logging.StreamHandler[TextIO]):
    """Writes lines to the stream, those of requests many at a time."""

    def __init__(self, service: str, stream: TextIO, *, takes_requests: bool = True) -> None:
        super().__init__(stream)
        self.takes_requests = takes_requests
        self.formatter: JsonFormatter = JsonFormatter(service)
        self._waiting: list[RequestLine] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Write one line now, after those that wait."""
        self._write_waiting()
        super().emit(record)

    def flush(self) -> None:
        """Write what waits; the interpreter asks for it at its end (`logging.shutdown`), so no line is lost."""
        self._write_waiting()
        super().flush()

    def request(self, line: RequestLine) -> None:
        """The line of an answered request, written WAIT_SECONDS later at most."""
        waiting = self._waiting
        if not waiting:
            asyncio.get_running_loop().call_later(WAIT_SECONDS, self.flush)
        line.service = self.formatter.service
        waiting.append(line)
        if len(waiting) >= MOST_WAITING:
            self.flush()

    def _write_waiting(self) -> None:
        if self._waiting:
            waiting, self._waiting = self._waiting, []
            self.stream.write(_encoder.encode_lines(waiting).decode())


def log_request(
    request_id: str, trace: Trace, *, method: str, path: str, status: int, seconds: float, client: str
) -> None:
    """A line for an answered request. It goes a shorter way than others where the process logs as `configure` made
    it."""
    line = RequestLine(
        datetime.now(UTC), "info", "", REQUESTS.name, "request", request_id, trace.trace_id, trace.span_id,
        method, path, status, round(seconds * 1000, 2), client,
    )  # fmt: skip
    handlers = logging.root.handlers
    if len(handlers) == 1 and isinstance(handlers[0], JsonHandler):
        if handlers[0].takes_requests:
            handlers[0].request(line)
    elif REQUESTS.isEnabledFor(logging.INFO):
        REQUESTS.info("request", extra={name: getattr(line, name) for name in _REQUEST_FIELDS})


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
    takes_requests = logging.getLevelNamesMapping()[level.upper()] <= logging.INFO
    root.handlers = [JsonHandler(service, stream or sys.stdout, takes_requests=takes_requests)]
    root.setLevel(level.upper())
    for chatty in ("botocore", "urllib3", "asyncio", "alembic", "aiohttp.access"):
        logging.getLogger(chatty).setLevel(logging.WARNING)
