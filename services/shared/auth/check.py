"""Every check of one token, in the order that refuses soonest what costs most."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from typing import Any

from services.shared.auth.cache import TokenCache
from services.shared.auth.claims import ClaimRules
from services.shared.auth.encoding import DuplicateMemberError, decode_base64url, decode_frozen_object
from services.shared.auth.errors import Code, TokenError, UnknownKidError
from services.shared.auth.header import kid_of
from services.shared.auth.keys import Key
from services.shared.auth.metrics import Tally
from services.shared.auth.principal import Principal

logger = logging.getLogger(__name__)

MAX_TOKEN = 8192
"""Characters. A Cognito token has one to two thousand; servers take header lines of eight thousand or so."""
MAX_HEADERS = 64

Revoked = Callable[[Mapping[str, Any]], bool]
"""Whether the verified claims belong to someone who has been signed out since. Asked for every request."""


class TokenCheck:
    """One policy, with its keys and its memory of what has been verified."""

    def __init__(
        self,
        *,
        find: Callable[[str], Key | None],
        rules: ClaimRules,
        cache: TokenCache,
        revoked: Revoked | None,
        clock: Callable[[], float],
        tally: Tally,
    ) -> None:
        self._find = find
        self._rules = rules
        self._cache = cache
        self._headers: dict[bytes, Key] = {}
        self._revoked = revoked
        self._clock = clock
        self._tally = tally

    def __call__(self, token: str) -> Principal:
        if type(token) is not str:
            raise TokenError(Code.TOKEN_MALFORMED, "the token is no text")
        now = self._clock()
        principal = self._cache.get(token, now)
        if principal is None:
            principal = self._verify(token, now)
        else:
            self._tally.cache_hits += 1
        if self._revoked is not None and self._is_revoked(principal):
            raise TokenError(Code.TOKEN_REVOKED, "its user has been signed out since")
        return principal

    def known(self, token: str) -> Principal | None:
        """The principal of a token that has been verified of late, and would be taken now. None tells nothing."""
        found = self._cache.get(token, self._clock())
        if found is None or self._is_revoked(found):
            return None
        self._tally.cache_hits += 1
        return found

    def _verify(self, token: str, now: float) -> Principal:
        signed, header, payload, signature = _split(token)
        proven = self._headers.get(header)
        kid = kid_of(header) if proven is None else proven.kid
        try:
            given, text = decode_base64url(signature), decode_base64url(payload)
        except ValueError:
            raise TokenError(Code.TOKEN_MALFORMED, "the payload or the signature is not base64url") from None
        key = self._find(kid)
        if key is None:
            raise UnknownKidError(kid)
        if not key.signed(given, signed):
            raise TokenError(Code.SIGNATURE_INVALID, "the signature is not that of the key")
        if key is not proven:
            self._remember(header, key)
        principal, expires = self._rules.accept(_claims(text), now)
        self._cache.put(token, text, principal, key, since=now, until=expires)
        return principal

    def _remember(self, header: bytes, key: Key) -> None:
        """An issuer's tokens share their header byte for byte: once one has been proven good, the bytes will do."""
        if len(self._headers) >= MAX_HEADERS:
            self._headers.clear()
        self._headers[header] = key

    def _is_revoked(self, principal: Principal) -> bool:
        try:
            return self._revoked is not None and self._revoked(principal.claims)
        except Exception:
            logger.exception("the revocation check failed, so the token is refused")
            return True


def _split(token: str) -> tuple[bytes, bytes, bytes, bytes]:
    """(what is signed, header segment, payload, signature): of the compact form (RFC 7515 section 7.1) and no other."""
    if not token:
        raise TokenError(Code.TOKEN_MISSING, "the token is empty")
    if len(token) > MAX_TOKEN:
        raise TokenError(Code.TOKEN_TOO_LARGE, f"the token is longer than {MAX_TOKEN} characters")
    if not token.isascii():
        raise TokenError(Code.TOKEN_MALFORMED, "the token is not ASCII")
    # Any number of dots but two leaves a segment empty, or with a dot in it: neither is base64url.
    signed, _, signature = token.encode("ascii").rpartition(b".")
    header, _, payload = signed.partition(b".")
    return signed, header, payload, signature


def _claims(text: bytes) -> dict[str, Any]:
    try:
        return decode_frozen_object(text)
    except DuplicateMemberError:
        raise TokenError(Code.CLAIM_INVALID, "a claim is repeated") from None
    except (ValueError, RecursionError):
        raise TokenError(Code.TOKEN_MALFORMED, "the payload is not a JSON object") from None
