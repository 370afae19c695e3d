"""A GET that cannot take long, cannot take much, and cannot be sent elsewhere."""

from __future__ import annotations

import ipaddress
from urllib.parse import urlsplit

import aiohttp

DEADLINE = 3.0
"""Seconds for everything, from the name look-up to the last byte."""
MAX_BODY = 256 * 1024


class FetchError(Exception):
    """The answer could not be had, or is none that may be used."""


def key_url(url: str) -> str:
    """`url` if keys may come from it: https, or http that does not leave the machine. ValueError otherwise."""
    parts = urlsplit(url)
    if not parts.hostname or parts.scheme not in ("http", "https"):
        raise ValueError(f"{url!r} is no http(s) address")
    if parts.scheme == "http" and not _is_loopback(parts.hostname):
        raise ValueError(f"{url!r} must be https: over plain http anyone on the way could put in keys of their own")
    return url


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


async def fetch(url: str, *, max_body: int = MAX_BODY) -> bytes:
    """The body of a 200 answer of at most `max_body` bytes within DEADLINE; FetchError otherwise.

    Redirects are not followed and no compression is taken (a small body could unfold into a large one). The
    connection is made anew each time: fetches are far between, and a kept one would belong to one event loop.
    """
    try:
        async with (
            aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=DEADLINE), auto_decompress=False) as client,
            client.get(url, allow_redirects=False, headers={"accept-encoding": "identity"}) as answer,
        ):
            if answer.status != 200:
                raise FetchError(f"the answer's status is {answer.status}")
            return await _bounded_body(answer, max_body)
    except TimeoutError:
        raise FetchError(f"no complete answer within {DEADLINE:g} s") from None
    except (aiohttp.ClientError, OSError, ValueError) as error:
        raise FetchError(f"no usable answer ({type(error).__name__})") from error


async def _bounded_body(answer: aiohttp.ClientResponse, limit: int) -> bytes:
    body = bytearray()
    async for chunk in answer.content.iter_any():
        body += chunk
        if len(body) > limit:
            raise FetchError(f"the answer is larger than {limit} bytes")
    return bytes(body)
