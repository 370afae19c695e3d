"""How often a source outside is asked."""

from __future__ import annotations

from services.shared.auth.pacing import Backoff, TokenBucket


def test_a_bucket_gives_its_burst_and_then_one_an_interval() -> None:
    bucket = TokenBucket(2, 10)
    taken = [second for second in range(61) if bucket.take(1000.0 + second)]
    assert taken == [0, 1, 10, 20, 30, 40, 50, 60]


def test_a_bucket_fills_to_its_burst_and_no_further() -> None:
    bucket = TokenBucket(2, 10)
    assert [bucket.take(now) for now in (0, 0, 0, 10_000, 10_000, 10_000)] == [True, True, False, True, True, False]


def test_a_bucket_gains_nothing_from_a_clock_that_goes_back() -> None:
    bucket = TokenBucket(1, 10)
    assert [bucket.take(now) for now in (100, 50, 55)] == [True, False, False]


def test_a_backoff_doubles_up_to_its_limit_and_starts_anew_after_a_success() -> None:
    backoff = Backoff(0.5)
    pauses = []
    for _ in range(12):
        backoff.failed(100.0, 30.0)
        pauses.append(backoff.until - 100.0)
    for pause, least in zip(pauses, (0.5, 1, 2, 4, 8, 16, 30, 30, 30, 30, 30, 30), strict=True):
        assert least <= pause <= 1.1 * least
    backoff.reset()
    assert backoff.until == 0
    backoff.failed(100.0, 30.0)
    assert backoff.until - 100.0 <= 0.55


def test_a_backoff_of_any_length_stays_a_number() -> None:
    backoff = Backoff(0.5)
    for _ in range(5000):
        backoff.failed(0.0, 30.0)
    assert 30 <= backoff.until <= 33
