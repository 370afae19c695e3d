"""Waiting for ECS: what is said meanwhile, and the verdict on each service."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from botocore.exceptions import EndpointConnectionError, NoCredentialsError

from scripts.delivery.rollout import State, Target, Watch, judge
from scripts.delivery.verdicts import DeliveryError, Verdict
from tests.support.ecs import LONG_AGO, Clock, Conversation, deployment, service, target

BREAKER = "ECS deployment circuit breaker: tasks failed to start."


def watched(
    aws: Conversation, *targets: Target, timeout_s: float = 600, **patience: Any
) -> tuple[dict[str, State], list[str]]:
    said: list[str] = []
    watch = Watch(aws.clients.ecs, targets or (target(),), said.append, timeout_s, Clock().patience(**patience))
    return watch.run(), said


def verdicts(states: dict[str, State]) -> dict[str, Verdict | None]:
    return {label: state.verdict for label, state in states.items()}


def test_a_service_that_runs_what_was_deployed_is_good(aws: Conversation) -> None:
    aws.services(service(deployment(7, running=0), deployment(6, "COMPLETED", status="ACTIVE", running=2)))
    aws.services(service(deployment(7, running=1), deployment(6, "COMPLETED", status="ACTIVE", running=1)))
    aws.services(service(deployment(7, "COMPLETED", running=2)))
    states, said = watched(aws)
    assert verdicts(states) == {"data": Verdict.DEPLOYED}
    assert said == ["data: 0 of 2 running", "data: 1 of 2 running", "data: 2 of 2 running"]


def test_all_services_are_waited_for_at_once_with_one_question(aws: Conversation) -> None:
    data, gateway = target("data"), target("gateway")
    good = service(deployment(7, "COMPLETED", running=2, service="gateway"), name="gateway")
    aws.services(service(deployment(7)), good)
    aws.services(service(deployment(7, "COMPLETED", running=2)), good)
    states, said = watched(aws, data, gateway)
    assert verdicts(states) == {"data": Verdict.DEPLOYED, "gateway": Verdict.DEPLOYED}
    assert said.count("gateway: 2 of 2 running") == 1


def test_one_that_fails_keeps_nobody_from_waiting_for_the_others(aws: Conversation) -> None:
    bad = service(deployment(6, "COMPLETED", running=2), events=["deployment failed: tasks failed to start."])
    aws.services(bad, service(deployment(7, service="gateway"), name="gateway"))
    aws.services(bad, service(deployment(7, "COMPLETED", running=2, service="gateway"), name="gateway"))
    states, _ = watched(aws, target("data"), target("gateway"))
    assert verdicts(states) == {"data": Verdict.ROLLED_BACK, "gateway": Verdict.DEPLOYED}


def test_a_service_that_sleeps_at_night_is_good_without_a_task(aws: Conversation) -> None:
    aws.services(service(deployment(7, "COMPLETED", desired=0)))
    assert verdicts(watched(aws)[0]) == {"data": Verdict.DEPLOYED}


def test_a_rollback_is_a_failure_though_the_service_is_steady() -> None:
    steady = service(
        deployment(6, "COMPLETED", running=2),
        events=["(service sri-dev-data) has reached a steady state.", "rolling back to deployment ecs-svc/6."],
    )
    state = judge(target(), steady)
    assert (state.verdict, state.progress) == (Verdict.ROLLED_BACK, "rolled back to sri-dev-data:6")


def test_a_rollback_under_way_is_told_with_the_reason_that_ecs_gives() -> None:
    state = judge(
        target(),
        service(
            deployment(6, running=2, reason="ECS deployment circuit breaker: rolling back to deploymentId ecs-svc/6."),
            deployment(7, "FAILED", status="ACTIVE", failed=3, reason=BREAKER),
        ),
    )
    assert (state.verdict, state.reason) == (Verdict.ROLLED_BACK, BREAKER)


def test_a_failed_deployment_without_rollback_is_a_failure() -> None:
    assert judge(target(), service(deployment(7, "FAILED", failed=3, reason=BREAKER))).verdict is Verdict.ROLLED_BACK


def test_a_rollback_by_an_alarm_is_told_as_one() -> None:
    alarm = "ECS deployment failed: alarm detected."
    assert judge(target(), service(deployment(7, "FAILED", reason=alarm))).verdict is Verdict.ALARM
    rolled = service(
        deployment(6, "COMPLETED", running=2), events=["(deployment ecs-svc/7) deployment failed: alarm detected."]
    )
    assert judge(target(), rolled).verdict is Verdict.ALARM


def test_somebody_elses_deployment_is_no_rollback() -> None:
    state = judge(target(), service(deployment(8, running=1)))
    assert state.verdict is Verdict.SUPERSEDED
    assert state.reason == "sri-dev-data:8 is deployed instead of sri-dev-data:7"


def test_an_older_failure_does_not_make_somebody_elses_deployment_a_rollback() -> None:
    theirs = deployment(8, running=1) | {"createdAt": LONG_AGO + timedelta(hours=1)}
    state = judge(target(), service(theirs, events=["deployment failed: tasks failed to start."]))
    assert state.verdict is Verdict.SUPERSEDED


@pytest.mark.parametrize("found", [None, service(status="INACTIVE"), service(status="DRAINING")])
def test_a_service_that_is_not_there_is_gone(found: dict[str, Any] | None) -> None:
    assert judge(target(), found).verdict is Verdict.GONE


def test_tasks_that_die_are_shown_and_left_to_the_circuit_breaker() -> None:
    state = judge(target(), service(deployment(7, failed=4)))
    assert (state.verdict, state.progress) == (None, "0 of 2 running, 4 failed")


def test_without_a_circuit_breaker_tasks_that_die_are_enough() -> None:
    state = judge(target(), service(deployment(7, failed=3), breaker=False))
    assert state.verdict is Verdict.ROLLED_BACK
    assert "no circuit breaker" in state.reason


def test_a_deployment_whose_tasks_died_after_it_was_complete_is_not_good() -> None:
    assert judge(target(), service(deployment(7, "COMPLETED", running=1))).verdict is None


def test_waiting_ends_in_time_with_its_own_verdict(aws: Conversation) -> None:
    for _ in range(13):
        aws.services(service(deployment(7, running=1)))
    states, said = watched(aws, timeout_s=60)
    assert verdicts(states) == {"data": Verdict.TIMED_OUT}
    assert states["data"].reason == "not settled after 1 minutes"
    assert "still waiting for data after 30 s" in said


def test_a_connection_that_comes_back_is_no_failure(aws: Conversation) -> None:
    aws.fails("ecs", "describe_services", "ServiceUnavailable")
    aws.fails("ecs", "describe_services", "ThrottlingException", "Rate exceeded")
    aws.services(service(deployment(7, "COMPLETED", running=2)))
    assert verdicts(watched(aws)[0]) == {"data": Verdict.DEPLOYED}


@pytest.mark.parametrize(
    ("code", "verdict", "words"),
    [
        ("ExpiredTokenException", Verdict.CREDENTIALS, "renew them and run the same command again"),
        ("UnrecognizedClientException", Verdict.CREDENTIALS, "have expired"),
        ("AccessDeniedException", Verdict.REFUSED, "may not do that"),
    ],
)
def test_what_no_second_try_mends_ends_the_waiting_at_once(
    aws: Conversation, code: str, verdict: Verdict, words: str
) -> None:
    aws.fails("ecs", "describe_services", code)
    with pytest.raises(DeliveryError, match=words) as caught:
        watched(aws)
    assert caught.value.verdict is verdict
    assert "ecs:DescribeServices" in str(caught.value)


def test_throttling_that_does_not_end_has_its_own_verdict(aws: Conversation) -> None:
    for _ in range(7):
        aws.fails("ecs", "describe_services", "ThrottlingException", "Rate exceeded")
    with pytest.raises(DeliveryError, match="takes no more requests for now") as caught:
        watched(aws, lost_s=120)
    assert caught.value.verdict is Verdict.THROTTLED


@pytest.mark.parametrize(
    ("error", "verdict", "words"),
    [
        (EndpointConnectionError(endpoint_url="https://ecs"), Verdict.LOST_CONNECTION, "nobody knows how it ends"),
        (NoCredentialsError(), Verdict.CREDENTIALS, "credentials are missing"),
    ],
)
def test_a_lost_connection_and_lost_credentials_are_told_apart(error: Exception, verdict: Verdict, words: str) -> None:
    class Ecs:
        def describe_services(self, **_: Any) -> Any:
            raise error

    clock = Clock()
    with pytest.raises(DeliveryError, match=words) as caught:
        Watch(Ecs(), (target(),), lambda _line: None, 600, clock.patience(lost_s=90)).run()
    assert caught.value.verdict is verdict
    assert (clock.now > 90) == (verdict is Verdict.LOST_CONNECTION)
