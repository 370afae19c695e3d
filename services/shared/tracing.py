"""Where a request belongs: W3C Trace Context (https://www.w3.org/TR/trace-context/), taken over or begun here."""

from __future__ import annotations

import re
from contextvars import ContextVar
from random import Random, SystemRandom

import msgspec

_TRACEPARENT = re.compile(rb"(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})(-.*)?")
_LONGEST_STATE = 512
_SAMPLED = 1
# Ids have to differ, not to be secret, and the system's generator costs a system call each.
_random = Random(SystemRandom().getrandbits(256))  # noqa: S311


class Trace(msgspec.Struct, frozen=True, gc=False):
    """One request's place in its trace; ids are lower-case hexadecimal. `parent_id` is empty where the trace begins."""

    trace_id: str
    span_id: str
    parent_id: str
    sampled: bool
    state: bytes

    def parent(self) -> str:
        """The `traceparent` of a request that is sent on behalf of this one."""
        return f"00-{self.trace_id}-{self.span_id}-{'01' if self.sampled else '00'}"

    def headers(self) -> list[tuple[bytes, bytes]]:
        """What a request that is sent on behalf of this one carries."""
        fields = [(b"traceparent", self.parent().encode())]
        if self.state:
            fields.append((b"tracestate", self.state))
        return fields


current_trace: ContextVar[Trace | None] = ContextVar("current_trace", default=None)
"""The trace of the request that is being answered, in every line that is logged meanwhile."""


def trace_of(traceparent: bytes | None, tracestate: bytes | None) -> Trace:
    """The trace that the request's fields name, with a span of our own; a new one when they name none."""
    fresh = _random.randbytes(24).hex()
    span_id = fresh[:16]
    if traceparent is None:
        return Trace(fresh[16:], span_id, "", False, b"")
    given = _TRACEPARENT.fullmatch(traceparent)
    # Version 00 has exactly four parts (3.2.2.1); later ones may have more.
    if given is None or (given[0].startswith(b"00") and given[4] is not None):
        return Trace(fresh[16:], span_id, "", False, b"")
    state = tracestate if tracestate is not None and len(tracestate) <= _LONGEST_STATE else b""
    sampled = bool(int(given[3], 16) & _SAMPLED)
    return Trace(given[1].decode(), span_id, given[2].decode(), sampled, state)


def outgoing_headers() -> dict[str, str]:
    """For a request to another service while one is being answered: its trace and nothing else."""
    trace = current_trace.get()
    return {} if trace is None else {name.decode(): value.decode("latin-1") for name, value in trace.headers()}
