"""The cache of verified tokens: it may save the work, never change the answer (C1 to C10)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pytest

from services.shared.auth import Code, Principal, TokenError, verifier
from services.shared.auth.cache import TokenCache
from services.shared.auth.claims import ClaimRules
from services.shared.auth.encoding import decode_frozen_object
from services.shared.auth.keys import parse_key_set
from services.shared.auth.metrics import Tally
from tests.services.shared.auth.corpus.all import CASES
from tests.services.shared.auth.corpus.case import Case
from tests.services.shared.auth.issuer import CLIENT, ISSUER, KID, NOW, compact, good_claims, key_set, token


class Watched:
    """A verifier with a clock to set and its cache hits to count."""

    def __init__(self, **options: Any) -> None:
        self.now = float(NOW)
        self.tally = Tally()
        policy: dict[str, Any] = {"clock": lambda: self.now, "tally": self.tally, **options}
        self.verify: Callable[[str], Principal] = verifier(key_set(), ISSUER, CLIENT, **policy)

    def hits(self, text: str) -> int:
        """How many cache hits verifying `text` made: 1 or 0."""
        before = self.tally.cache_hits
        self.verify(text)
        return self.tally.cache_hits - before

    def refusal(self, text: str) -> Code:
        """The code that `text` is refused with."""
        with pytest.raises(TokenError) as refusal:
            self.verify(text)
        return refusal.value.code


def test_a_token_that_comes_again_is_found_verified() -> None:
    watched = Watched()
    text = token()
    assert [watched.hits(text) for _ in range(3)] == [0, 1, 1]


def test_an_entry_ends_with_the_token() -> None:
    """C1: at exp, not a second later."""
    watched = Watched()
    text = token(exp=NOW + 100)
    watched.verify(text)
    watched.now = NOW + 99.5
    assert watched.hits(text) == 1
    for moment in (NOW + 100, NOW + 101):
        watched.now = moment
        assert watched.refusal(text) is Code.TOKEN_EXPIRED


def test_an_entry_stays_five_minutes_at_most() -> None:
    watched = Watched()
    text = token()
    watched.verify(text)
    watched.now = NOW + 299
    assert watched.hits(text) == 1
    watched.now = NOW + 300
    assert watched.hits(text) == 0
    assert watched.hits(text) == 1


def test_an_entry_does_not_outlive_a_clock_that_is_set_back() -> None:
    watched = Watched()
    text = token(nbf=NOW - 10)
    watched.verify(text)
    watched.now = NOW - 3600
    assert watched.refusal(text) is Code.TOKEN_NOT_YET_VALID


LOOK_ALIKES = [case for case in CASES if case.family in {45, 49, 50, 51, 52, 53, 61, 62, 63, 64, 66}]


@pytest.mark.parametrize("case", LOOK_ALIKES, ids=lambda case: case.id)
def test_a_look_alike_of_a_remembered_token_is_not_found(case: Case) -> None:
    """C2 and C9: the whole token is the key, in its one spelling."""
    watched = Watched()
    text = token()
    watched.verify(text)
    watched.verify(text)
    assert watched.refusal(case.make()) is case.code
    assert watched.tally.cache_hits == 1


def test_a_token_with_the_same_end_is_another_token() -> None:
    """C2: not keyed by a suffix, nor by header and payload."""
    watched = Watched()
    text = token()
    watched.verify(text)
    header, payload, signature = text.split(".")
    assert (
        watched.refusal(f"{header}.{payload}.{'A' * (len(signature) - 17)}{signature[-17:]}") is Code.SIGNATURE_INVALID
    )
    other = token(sub="another")
    assert watched.refusal(f"{other.rpartition('.')[0]}.{signature}") is Code.SIGNATURE_INVALID


def test_each_policy_has_a_cache_of_its_own() -> None:
    """C3."""
    tally = Tally()
    text = token()
    policies: list[dict[str, Any]] = [{"client_id": "other"}, {"issuer": f"{ISSUER}x"}, {"token_use": "id"}]
    verifier(key_set(), ISSUER, CLIENT, clock=lambda: NOW, tally=tally)(text)
    for policy in policies:
        options: dict[str, Any] = {"issuer": ISSUER, "client_id": CLIENT, **policy}
        with pytest.raises(TokenError):
            verifier(key_set(), clock=lambda: NOW, tally=tally, **options)(text)
    assert tally.cache_hits == 0


def test_a_handler_cannot_poison_what_the_next_request_gets() -> None:
    """C4."""
    watched = Watched()
    text = token(tenant={"roles": ["reader"]})
    first = watched.verify(text)
    for spoil in (
        lambda: first.claims.__setitem__("sub", "x"),  # type: ignore[index]
        lambda: first.claims["tenant"].__setitem__("roles", ("owner",)),
        lambda: first.claims["cognito:groups"].append("root"),
        lambda: first.groups.add("root"),  # type: ignore[attr-defined]
        lambda: setattr(first, "groups", frozenset({"root"})),
        lambda: object.__setattr__(first, "groups", frozenset({"root"})),
    ):
        with pytest.raises((AttributeError, TypeError)):
            spoil()
    again = watched.verify(text)
    assert again.groups == {"admin", "editors"}
    assert again.claims["tenant"]["roles"] == ("reader",)


def test_a_flood_of_tokens_pushes_out_the_oldest_and_grows_nothing() -> None:
    """C5."""
    watched = Watched(cache_entries=10)
    texts = [token(jti=f"jti-{i}") for i in range(30)]
    for text in texts:
        watched.verify(text)
    assert [watched.hits(text) for text in texts[-10:]] == [1] * 10
    assert watched.hits(texts[0]) == 0


def test_refusals_are_not_remembered() -> None:
    """C6: a token that is too early is taken when its time has come."""
    watched = Watched()
    text = token(nbf=NOW + 60)
    assert watched.refusal(text) is Code.TOKEN_NOT_YET_VALID
    watched.now = NOW + 40
    assert watched.hits(text) == 0


def test_revocation_is_asked_on_every_hit() -> None:
    """C7."""
    revoked: set[str] = set()

    def is_revoked(claims: Mapping[str, Any]) -> bool:
        return claims["jti"] in revoked

    watched = Watched(revoked=is_revoked)
    text = token(jti="one")
    assert watched.hits(text) == 0
    assert watched.hits(text) == 1
    revoked.add("one")
    assert watched.refusal(text) is Code.TOKEN_REVOKED
    revoked.clear()
    assert watched.hits(text) == 1


def test_a_revocation_check_that_breaks_refuses(caplog: pytest.LogCaptureFixture) -> None:
    def broken(_: Mapping[str, Any]) -> bool:
        raise RuntimeError("the list is gone")

    watched = Watched(revoked=broken)
    assert watched.refusal(token()) is Code.TOKEN_REVOKED
    assert "the revocation check failed" in caplog.text


def test_a_token_above_four_kilobytes_is_verified_each_time() -> None:
    """C10."""
    watched = Watched()
    long = token(padding="x" * 3000)
    assert 4096 < len(long) < 8192
    assert [watched.hits(long), watched.hits(long)] == [0, 0]


def test_no_entries_means_no_cache() -> None:
    watched = Watched(cache_entries=0)
    assert [watched.hits(token()), watched.hits(token())] == [0, 0]


def test_the_bytes_are_bounded_whatever_the_number_of_entries() -> None:
    rules = ClaimRules(ISSUER, [CLIENT], "access")
    key = parse_key_set(key_set())[KID]
    cache = TokenCache(4096, max_bytes=100_000)
    payload = compact(good_claims(text="x" * 1000))
    for number in range(200):
        principal, _ = rules.accept(decode_frozen_object(payload), NOW)
        cache.put(f"{number:04}" + "x" * 1500, payload, principal, key, since=NOW, until=NOW + 60)
    assert 12 < len(cache) < 40


def test_a_token_put_again_takes_its_old_place_and_no_second_one() -> None:
    rules = ClaimRules(ISSUER, [CLIENT], "access")
    key = parse_key_set(key_set())[KID]
    cache = TokenCache(2)
    payload = compact(good_claims())
    principal, _ = rules.accept(decode_frozen_object(payload), NOW)
    for name in ("a", "b", "a", "a", "c"):
        cache.put(name, payload, principal, key, since=NOW, until=NOW + 60)
    assert len(cache) == 2
    assert cache.get("c", NOW) is principal
    assert cache.get("a", NOW) is None


def test_a_token_put_again_weighs_once() -> None:
    rules = ClaimRules(ISSUER, [CLIENT], "access")
    key = parse_key_set(key_set())[KID]
    cache = TokenCache(100, max_bytes=10_000)
    payload = compact(good_claims())
    principal, _ = rules.accept(decode_frozen_object(payload), NOW)
    for name in ("a", *"b" * 50):
        cache.put(name, payload, principal, key, since=NOW, until=NOW + 60)
    assert cache.get("a", NOW) is principal
