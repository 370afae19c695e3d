"""One OpenAPI document for the whole API, merged from those of the services."""

from __future__ import annotations

import asyncio
import json
import logging
import time
from collections.abc import Mapping
from typing import Any

from starlette.types import Receive, Scope, Send

from services.gateway.answer import BrokenAnswerError
from services.gateway.upstream import Outgoing, Upstream
from services.shared.errors import Problem, unavailable

FRESH_SECONDS = 60.0
RETRY_SECONDS = 5.0
"""How long a document stays as it is while a service does not answer."""
FETCH_SECONDS = 5.0
SCHEMA_REFERENCE = "#/components/schemas/"

log = logging.getLogger(__name__)

Document = dict[str, Any]


class MergedDocument:
    """An ASGI application that answers with the document. It is fetched at most once a minute; a service that cannot be
    reached is described as it was when it last could."""

    def __init__(self, path: str, services: Mapping[str, Upstream]) -> None:
        self._path = path
        self._services = services
        self._known: dict[str, Document] = {}
        self._body = b""
        self._due = float("-inf")
        self._fetching = asyncio.Lock()

    async def __call__(self, scope: Scope, _receive: Receive, send: Send) -> None:
        """Answer GET and HEAD."""
        if scope["method"] not in ("GET", "HEAD"):
            raise Problem(405, "method_not_allowed", "The document can only be read.", headers={"allow": "GET, HEAD"})
        scope["state"]["route"] = self._path
        async with self._fetching:
            if time.monotonic() >= self._due:
                await self._fetch()
            self._refuse_unless_whole()
        headers = [
            (b"content-type", b"application/json"),
            (b"content-length", str(len(self._body)).encode()),
            (b"cache-control", b"max-age=60"),
        ]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else self._body})

    async def _fetch(self) -> None:
        names = list(self._services)
        fetched = await asyncio.gather(*(self._document_of(name) for name in names))
        self._known.update((name, found) for name, found in zip(names, fetched, strict=True) if found is not None)
        self._body = json.dumps(merged(self._known)).encode()
        self._due = time.monotonic() + (RETRY_SECONDS if None in fetched else FRESH_SECONDS)

    def _refuse_unless_whole(self) -> None:
        missing = [name for name in self._services if name not in self._known]
        if missing:
            raise unavailable("upstream_unavailable", f"Not every service answers yet: {', '.join(missing)}.")

    async def _document_of(self, name: str) -> Document | None:
        upstream = self._services[name]
        head = b"GET %b HTTP/1.1\r\n%b\r\n\r\n" % (self._path.encode(), upstream.pool.host_field)
        try:
            async with asyncio.timeout(FETCH_SECONDS):
                document: Document = json.loads(await _read(upstream, head))
                return document
        except (Problem, BrokenAnswerError, TimeoutError, ValueError) as error:
            log.warning("no document", extra={"upstream": name, "reason": f"{type(error).__name__}: {error}"})
            return None


async def _read(upstream: Upstream, head: bytes) -> bytes:
    connection = await upstream.ask(Outgoing("GET", head, None, repeatable=True, patient=False))
    try:
        if connection.status != 200:
            raise ValueError(f"it answers {connection.status}")
        pieces = []
        while piece := await connection.more():
            pieces.append(piece)
        return b"".join(pieces)
    finally:
        upstream.pool.give_back(connection)


def merged(documents: dict[str, Document]) -> Document:
    """The documents of several services, by name, as one. Where two mean different things by one schema's name, the
    later gets its service's name in front."""
    result: Document = {
        "openapi": "3.1.0",
        "info": {"title": "Platform API", "version": "1"},
        "paths": {},
        "components": {"schemas": {}, "securitySchemes": {}},
    }
    schemas = result["components"]["schemas"]
    for name, document in documents.items():
        distinct = _with_distinct_names(name, document, schemas)
        result["openapi"] = distinct["openapi"]
        result["paths"].update(distinct["paths"])
        for kind, members in distinct.get("components", {}).items():
            result["components"].setdefault(kind, {}).update(members)
    return result


def _with_distinct_names(service: str, document: Document, taken: Document) -> Document:
    own: Document = document.get("components", {}).get("schemas", {})
    clashing = [name for name, schema in own.items() if taken.get(name, schema) != schema]
    if not clashing:
        return document
    text = json.dumps(document)
    for name in clashing:
        text = text.replace(f'"{SCHEMA_REFERENCE}{name}"', f'"{SCHEMA_REFERENCE}{service.title()}{name}"')
    renamed: Document = json.loads(text)
    schemas = renamed["components"]["schemas"]
    for name in clashing:
        schemas[f"{service.title()}{name}"] = schemas.pop(name)
    return renamed
