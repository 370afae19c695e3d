"""What authentication tells Prometheus."""

from __future__ import annotations

from collections.abc import Mapping

from prometheus_client import CollectorRegistry, generate_latest

from services.shared.auth import TALLY, RemoteKeys, Revocations, TokenError, verifier
from services.shared.auth.metrics import Tally
from tests.services.shared.auth.issuer import CLIENT, ISSUER, NOW, key_set, token
from tests.services.shared.auth.jwks_server import key_server


def scraped(tally: Tally) -> dict[str, float]:
    registry = CollectorRegistry()
    registry.register(tally)
    lines = generate_latest(registry).decode().splitlines()
    return {name: float(value) for name, value in (line.rsplit(" ", 1) for line in lines if not line.startswith("#"))}


def test_results_and_cache_hits_are_counted() -> None:
    tally = Tally()
    verify = verifier(key_set(), ISSUER, CLIENT, clock=lambda: NOW, tally=tally)
    for text in (token(), token(), token(exp=NOW - 1), "", token(exp=NOW - 1)):
        try:
            verify(text)
        except TokenError:
            continue
    samples = scraped(tally)
    assert samples['auth_verifications_total{result="accepted"}'] == 2
    assert samples['auth_verifications_total{result="token_expired"}'] == 2
    assert samples['auth_verifications_total{result="token_missing"}'] == 1
    assert samples["auth_cache_hits_total"] == 1


async def test_ages_and_refreshes_are_told_once_there_is_something_to_tell() -> None:
    now, tally = 100.0, Tally()

    async def nobody() -> Mapping[str, int]:
        return {}

    async with key_server() as server:
        keys = RemoteKeys(server.url, monotonic=lambda: now, tally=tally)
        revocations = Revocations(nobody, monotonic=lambda: now, tally=tally)
        assert "auth_key_age_seconds" not in scraped(tally)
        await keys.prefetch()
        await revocations.poll()
        now = 130.0
        samples = scraped(tally)
        await keys.close()
    assert samples["auth_key_age_seconds"] == 30
    assert samples["auth_revocation_age_seconds"] == 30
    assert samples['auth_key_refreshes_total{outcome="ok"}'] == 1
    assert samples['auth_revocation_refreshes_total{outcome="ok"}'] == 1


async def test_a_token_that_had_to_wait_for_fresh_keys_counts_once() -> None:
    tally = Tally()
    async with key_server() as server:
        keys = RemoteKeys(server.url, tally=tally)
        await verifier(keys, ISSUER, CLIENT, clock=lambda: NOW, tally=tally)(token())
        await keys.close()
    assert tally.results == {"accepted": 1}


def test_the_process_has_one_tally_that_a_registry_takes() -> None:
    assert "auth_cache_hits_total" in scraped(TALLY)
