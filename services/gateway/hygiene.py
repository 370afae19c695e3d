"""What a request must be like to be handed on: anything that two servers could read in two ways is refused."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from functools import lru_cache
from urllib.parse import unquote_to_bytes

from starlette.types import Scope

from services.shared.errors import Problem
from services.shared.target import LONGEST_REMEMBERED

LONGEST_HOST = 255 + len(":65535")  # RFC 1035, 2.3.4

METHODS = ("DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT")
ONCE = (b"host", b"authorization", b"content-type", b"transfer-encoding", b"x-request-id")

# RFC 3986, 3.3: pchar and "/"; 3.4: the query may hold "?" as well.
_PATH = re.compile(rb"/(?:[A-Za-z0-9._~!$&'()*+,;=:@/-]|%[0-9A-Fa-f]{2})*")
_QUERY = re.compile(rb"(?:[A-Za-z0-9._~!$&'()*+,;=:@/?-]|%[0-9A-Fa-f]{2})*")
# RFC 3986, 3.2.2 and 3.2.3, without user information, which a Host must not have.
_HOST = re.compile(rb"(?:[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(?::[0-9]{1,5})?")
_CONTROL = re.compile(rb"[\x00-\x1f\x7f\\]")


def refuse_ambiguous(scope: Scope) -> None:
    """A problem (400, 405, 501 or 505) for a request that must not be handed on."""
    if scope["http_version"] not in ("1.0", "1.1"):
        raise Problem(505, "http_version_not_supported", "Speak HTTP/1.1.", headers={"connection": "close"})
    if scope["method"] not in METHODS:
        detail = f"Methods here are {', '.join(METHODS)}."
        raise Problem(405, "method_not_allowed", detail, headers={"allow": ", ".join(METHODS)})
    headers = scope["headers"]
    values: Mapping[bytes, bytes] = scope["state"]["values"]
    if len(values) < len(headers):
        for name, count in Counter(name for name, _ in headers).items():
            if count > 1 and name in ONCE:
                raise _malformed(f"The header {name.decode()} may be there only once.")
    host = values.get(b"host")
    if (host is None and scope["http_version"] == "1.1") or (host is not None and not _is_host(host)):
        raise _malformed("The header host must name one host.")
    if b"transfer-encoding" in values and values[b"transfer-encoding"].lower() != b"chunked":  # RFC 9112, 6.1
        raise Problem(501, "coding_not_supported", "Send bodies chunked or whole.", headers={"connection": "close"})
    if b"upgrade" in values and (b"transfer-encoding" in values or values.get(b"content-length", b"0") != b"0"):
        # The server cannot read the body of such a request, and would take the rest for another one.
        raise _malformed("A request with a body cannot ask for another protocol.")
    path, query = scope["raw_path"], scope["query_string"]
    short = len(path) + len(query) <= LONGEST_REMEMBERED
    reason = _ambiguity_again(path, query) if short else _ambiguity(path, query)
    if reason is not None:
        raise _malformed(reason)


def _ambiguity(path: bytes, query: bytes) -> str | None:
    if not _PATH.fullmatch(path) or not _QUERY.fullmatch(query):
        return "The path or query holds characters that have to be percent-encoded."
    decoded = unquote_to_bytes(path) if b"%" in path else path
    if b"//" in decoded or _CONTROL.search(decoded) or not {b".", b".."}.isdisjoint(decoded.split(b"/")):
        return "The path has empty or dot segments, or encoded control characters."
    if decoded.count(b"/") != path.count(b"/"):
        return "The path has an encoded slash."
    return None


_ambiguity_again = lru_cache(maxsize=4096)(_ambiguity)


@lru_cache(maxsize=256)
def _is_host(value: bytes) -> bool:
    return len(value) <= LONGEST_HOST and _HOST.fullmatch(value) is not None


def _malformed(detail: str) -> Problem:
    return Problem(400, "malformed_request", detail, headers={"connection": "close"})
