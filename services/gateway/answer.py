"""A service's answer as it is read off a connection. The parser is llhttp, by way of httptools."""

from __future__ import annotations

import httptools

Fields = list[tuple[bytes, bytes]]


class BrokenAnswerError(Exception):
    """The service closed the connection, or said what is no HTTP, before its answer's end."""


class Answer:
    """What has come so far: `status` (0 before the head is here) and `headers`, names in lower case."""

    def __init__(self) -> None:
        self._parser = httptools.HttpResponseParser(self)
        self._expect(is_head=False)

    def _expect(self, *, is_head: bool) -> None:
        self.status = 0
        self.headers: Fields = []
        self.complete = False
        """Whether all of it is here."""
        self._is_head = is_head
        self._pieces: list[bytes] = []
        self._held = 0
        self._head_bytes = 0
        self._keeps = False

    def take(self) -> bytes:
        """What is here of the body."""
        data = self._pieces[0] if len(self._pieces) == 1 else b"".join(self._pieces)
        self._pieces.clear()
        self._held = 0
        return data

    @property
    def at_end(self) -> bool:
        """Whether nothing more will come than is here already."""
        return self.complete and not self._pieces

    def on_message_begin(self) -> None:
        """A second answer to one request makes the connection useless."""
        if self.complete:
            self._keeps = False
            raise BrokenAnswerError("more than one answer")

    def on_header(self, name: bytes, value: bytes) -> None:
        """One field."""
        self.headers.append((name.lower(), value))

    def on_headers_complete(self) -> None:
        """The head is here; one of an interim answer (RFC 9110, 15.2) is none."""
        status = self._parser.get_status_code()
        if status < 200:
            self.headers = []
            self._head_bytes = 0
            return
        self.status = status
        if self._is_head:  # the parser expects the body that the head tells of
            self._keeps = self._parser.should_keep_alive()
            self._parser = httptools.HttpResponseParser(self)
            self.complete = True

    def on_body(self, body: bytes) -> None:
        """A piece of the body."""
        if self.complete:
            self._keeps = False
            return
        self._pieces.append(body)
        self._held += len(body)

    def on_message_complete(self) -> None:
        """The answer's end."""
        if self.status and not self.complete:
            self._keeps = self._parser.should_keep_alive()
            self.complete = True

    def _is_framed(self) -> bool:
        return any(name in (b"content-length", b"transfer-encoding") for name, _ in self.headers)
