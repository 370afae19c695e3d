"""From a policy to the function that takes or refuses its tokens."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Mapping
from typing import Any, overload

from services.shared.auth.cache import TokenCache
from services.shared.auth.check import Revoked, TokenCheck
from services.shared.auth.claims import TOKEN_USES, ClaimRules, TokenUse
from services.shared.auth.errors import TokenError, UnknownKidError
from services.shared.auth.keys import parse_key_set
from services.shared.auth.metrics import ACCEPTED, TALLY, Tally
from services.shared.auth.principal import Principal
from services.shared.auth.remote import RemoteKeys


@overload
def verifier(
    keys: Mapping[str, Any],
    issuer: str,
    client_id: str | Collection[str],
    *,
    token_use: TokenUse = ...,
    cache_entries: int = ...,
    revoked: Revoked | None = ...,
    clock: Callable[[], float] = ...,
    tally: Tally = ...,
) -> Callable[[str], Principal]: ...
@overload
def verifier(
    keys: RemoteKeys,
    issuer: str,
    client_id: str | Collection[str],
    *,
    token_use: TokenUse = ...,
    cache_entries: int = ...,
    revoked: Revoked | None = ...,
    clock: Callable[[], float] = ...,
    tally: Tally = ...,
) -> RemoteVerifier: ...
def verifier(
    keys: Mapping[str, Any] | RemoteKeys,
    issuer: str,
    client_id: str | Collection[str],
    *,
    token_use: TokenUse = "access",  # noqa: S107 (a name)
    cache_entries: int = 4096,
    revoked: Revoked | None = None,
    clock: Callable[[], float] = time.time,
    tally: Tally = TALLY,
) -> Callable[[str], Principal] | RemoteVerifier:
    """A function from a token to its Principal that raises TokenError, and nothing else, for every other input.

    `keys` is a JWKS as a dict, or RemoteKeys, with which the function has to be awaited. A token is taken when
    it is signed by one of them with RS256, names `issuer`, (one of) `client_id` and `token_use`, and is in its time by
    `clock` (seconds since the epoch). Each verifier has a cache of its own for `cache_entries` tokens.
    ValueError when the policy or the key set cannot be meant.
    """
    clients = (client_id,) if isinstance(client_id, str) else tuple(client_id)
    if not issuer or not clients or not all(clients):
        raise ValueError("a verifier needs an issuer and at least one client id, none of them empty")
    if token_use not in TOKEN_USES:
        raise ValueError(f"token_use is {token_use!r}; a token is for one of {', '.join(TOKEN_USES)}")
    check = TokenCheck(
        find=keys.get if isinstance(keys, RemoteKeys) else parse_key_set(keys).get,
        rules=ClaimRules(issuer, clients, token_use),
        cache=TokenCache(cache_entries),
        revoked=revoked,
        clock=clock,
        tally=tally,
    )
    return RemoteVerifier(check, keys, tally) if isinstance(keys, RemoteKeys) else _with_given_keys(check, tally)


def _with_given_keys(check: TokenCheck, tally: Tally) -> Callable[[str], Principal]:
    results = tally.results

    def verify(token: str) -> Principal:
        try:
            principal = check(token)
        except TokenError as error:
            results[error.code] += 1
            raise
        results[ACCEPTED] += 1
        return principal

    return verify


class RemoteVerifier:
    """Verifies tokens by keys that may have to be fetched."""

    def __init__(self, check: TokenCheck, keys: RemoteKeys, tally: Tally) -> None:
        self._check, self._keys, self._results = check, keys, tally.results

    async def __call__(self, token: str) -> Principal:
        """The principal of the token; TokenError for one that is not taken."""
        self._keys.keep_fresh()
        try:
            try:
                principal = self._check(token)
            except UnknownKidError as unknown:
                await self._keys.look_again(unknown.kid)
                principal = self._check(token)
        except TokenError as error:
            self._results[error.code] += 1
            raise
        self._results[ACCEPTED] += 1
        return principal

    def known(self, token: str) -> Principal | None:
        """The principal of a token that was taken of late and still is, at no cost; of any other, call and await."""
        self._keys.keep_fresh()
        principal = self._check.known(token)
        if principal is not None:
            self._results[ACCEPTED] += 1
        return principal
