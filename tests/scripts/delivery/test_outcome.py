"""Why a service did not come up: the verdict and the message for each way in which ECS can fail."""

from __future__ import annotations

from typing import Any

from scripts.delivery.evidence import Investigation
from scripts.delivery.outcome import Outcome, outcome_of
from scripts.delivery.rollout import State, judge
from scripts.delivery.verdicts import Verdict
from tests.support.ecs import NEW_DIGEST, OLD_DIGEST, Conversation, deployment, running, service, stopped, target

GROUP = "arn:aws:elasticloadbalancing:eu-central-1:123456789012:targetgroup/data/0123456789abcdef"
BREAKER = "ECS deployment circuit breaker: tasks failed to start."
BALANCED: dict[str, Any] = {
    "loadBalancers": [{"targetGroupArn": GROUP, "containerName": "data", "containerPort": 8002}]
}


def rolled_back(**others: Any) -> State:
    """ECS's breaker took revision 7 back to 6."""
    return judge(
        target(),
        service(
            deployment(6, running=2, reason="rolling back to deploymentId ecs-svc/6."),
            deployment(7, "FAILED", status="ACTIVE", failed=3, reason=BREAKER),
            **others,
        ),
    )


def outcome(aws: Conversation, state: State) -> Outcome:
    return outcome_of(target(), state, Investigation(aws.clients))


def test_success_needs_no_looking_into(aws: Conversation) -> None:
    found = outcome(aws, judge(target(), service(deployment(7, "COMPLETED", running=2))))
    assert found.good
    assert found.details() == []


def test_a_crash_loop_is_told_with_exit_code_last_log_lines_and_what_still_runs(aws: Conversation) -> None:
    dead = stopped("Essential container in task exited", code=1)
    aws.evidence([dead], [running("one"), running("two")], ["starting", "ValueError: SESSION_KEYS is too short"])
    found = outcome(aws, rolled_back())
    assert found.verdict is Verdict.CRASH_LOOP
    assert found.sentence() == (
        "data: crash-loop: ECS deployment circuit breaker: tasks failed to start. "
        "Its tasks start and end again at once: the last log lines say why."
    )
    assert found.details() == [
        "stopped task 0dead: Essential container in task exited (data ended with exit code 1)",
        f"deployed {NEW_DIGEST}; still running {OLD_DIGEST} (2)",
        "log | starting",
        "log | ValueError: SESSION_KEYS is too short",
    ]


def test_an_image_that_cannot_be_pulled_is_told_by_its_digest(aws: Conversation) -> None:
    reason = f"CannotPullContainerError: pull image manifest has been retried 1 time(s): {NEW_DIGEST}: not found"
    aws.evidence([stopped(reason, why=reason)], [running()])
    aws.on("logs").add_client_error("get_log_events", service_error_code="ResourceNotFoundException")
    found = outcome(aws, rolled_back())
    assert found.verdict is Verdict.IMAGE_PULL_FAILED
    assert "scripts.build_and_push" in found.sentence()
    assert any("CannotPullContainerError" in line and "data never ran" in line for line in found.details())
    assert "log | (nothing: serve/data/0dead of /sri/dev/data was never written)" in found.details()


def test_a_failed_health_check_is_told_with_what_the_check_wants_and_got(aws: Conversation) -> None:
    dead = stopped(f"Task failed ELB health checks in (target-group {GROUP})", code=143)
    aws.evidence([dead], [running()], ["GET /health/ready 503"])
    said = "Health checks failed with these codes: [503]"
    unhealthy = {"State": "unhealthy", "Reason": "Target.ResponseCodeMismatch", "Description": said}
    aws.on("elbv2").add_response(
        "describe_target_health",
        {
            "TargetHealthDescriptions": [
                {"Target": {"Id": "10.20.1.7", "Port": 8002}, "TargetHealth": unhealthy},
                {"Target": {"Id": "10.20.1.8", "Port": 8002}, "TargetHealth": {"State": "healthy"}},
            ]
        },
        {"TargetGroupArn": GROUP},
    )
    aws.on("elbv2").add_response(
        "describe_target_groups",
        {"TargetGroups": [{"HealthCheckPath": "/health/ready", "Matcher": {"HttpCode": "200"}}]},
        {"TargetGroupArns": [GROUP]},
    )
    found = outcome(aws, rolled_back(**BALANCED))
    assert found.verdict is Verdict.HEALTH_CHECK_FAILED
    assert f"target 10.20.1.7:8002 is unhealthy: GET /health/ready wants 200: {said}" in found.details()
    assert "log | GET /health/ready 503" in found.details()


def test_a_missing_secret_keeps_tasks_from_starting(aws: Conversation) -> None:
    aws.evidence(
        [stopped("ResourceInitializationError: unable to pull secrets or registry auth: AccessDenied")], [], []
    )
    found = outcome(aws, rolled_back())
    assert found.verdict is Verdict.CANNOT_START
    assert f"deployed {NEW_DIGEST}; still running nothing" in found.details()


def test_a_container_that_was_killed_for_its_memory_is_told_as_such(aws: Conversation) -> None:
    why = "OutOfMemoryError: Container killed due to memory usage"
    aws.evidence([stopped("Essential container in task exited", code=137, why=why)], [running()], [])
    found = outcome(aws, rolled_back())
    assert found.verdict is Verdict.OUT_OF_MEMORY
    assert "raise `memory` in sri:services" in found.sentence()


def test_a_rollback_by_an_alarm_names_the_alarm(aws: Conversation) -> None:
    alarms = {"alarmNames": ["sri-dev-data-5xx", "sri-dev-data-latency"], "enable": True, "rollback": True}
    state = judge(
        target(),
        service(
            deployment(7, "FAILED", reason="ECS deployment failed: alarm detected."),
            deploymentConfiguration={"alarms": alarms},
        ),
    )
    aws.evidence([], [running()])
    aws.on("cloudwatch").add_response(
        "describe_alarms",
        {"MetricAlarms": [{"AlarmName": "sri-dev-data-5xx", "StateReason": "7 of 100 requests failed"}]},
        {"AlarmNames": alarms["alarmNames"], "StateValue": "ALARM"},
    )
    found = outcome(aws, state)
    assert found.verdict is Verdict.ALARM
    assert "alarm sri-dev-data-5xx: 7 of 100 requests failed" in found.details()


def test_a_rollback_without_a_trace_stays_a_rollback_with_ecss_own_events(aws: Conversation) -> None:
    aws.evidence([], [running()])
    found = outcome(aws, rolled_back(events=["(service data) rolling back to deployment ecs-svc/6."]))
    assert found.verdict is Verdict.ROLLED_BACK
    assert "event (service data) rolling back to deployment ecs-svc/6." in found.details()


def test_a_service_that_settles_too_late_is_told_by_its_cause_if_there_is_one(aws: Conversation) -> None:
    late = State(
        verdict=Verdict.TIMED_OUT, progress="1 of 2 running", reason="not settled after 15 minutes", service={}
    )
    aws.evidence([stopped("Essential container in task exited", code=3)], [], ["bye"])
    found = outcome(aws, late)
    assert found.verdict is Verdict.CRASH_LOOP
    assert "not settled after 15 minutes" in found.sentence()
    aws.evidence([], [running(revision=7, digest=NEW_DIGEST)], ["still starting"])
    late_without_a_cause = outcome(aws, late)
    assert late_without_a_cause.verdict is Verdict.TIMED_OUT
    assert "log | still starting" in late_without_a_cause.details()


def test_tasks_of_other_revisions_and_those_that_made_room_are_no_evidence(aws: Conversation) -> None:
    aws.evidence(
        [
            stopped("Scaling activity initiated by (deployment ecs-svc/7)", code=0),
            stopped("Essential container in task exited", code=1, revision=5, task="older"),
        ],
        [running()],
    )
    found = outcome(aws, rolled_back())
    assert found.verdict is Verdict.ROLLED_BACK
    assert found.evidence is not None
    assert found.evidence.tasks == []


def test_what_may_not_be_looked_at_is_said_and_hides_nothing_else(aws: Conversation) -> None:
    aws.evidence([stopped("Essential container in task exited", code=1)], [running()])
    aws.fails("logs", "get_log_events", "AccessDeniedException", "not authorized to perform logs:GetLogEvents")
    found = outcome(aws, rolled_back())
    assert found.verdict is Verdict.CRASH_LOOP
    (gap,) = [line for line in found.details() if "cannot be looked at" in line]
    assert gap.startswith("its log cannot be looked at: refused")


def test_no_secret_of_a_dying_tasks_log_is_shown(aws: Conversation) -> None:
    line = "connecting with password=hunter22 and Bearer eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl"
    aws.evidence([stopped("Essential container in task exited", code=1)], [], [line])
    found = outcome(aws, rolled_back())
    shown = str(found.document()) + "".join(found.details())
    assert "hunter22" not in shown
    assert "eyJ" not in shown


def test_the_document_for_machines_says_the_same(aws: Conversation) -> None:
    aws.evidence([stopped("Essential container in task exited", code=1)], [running()], ["oops"])
    found = outcome(aws, rolled_back()).document()
    assert (found["service"], found["verdict"], found["task_definition"]) == ("data", "crash-loop", "sri-dev-data:7")
    assert found["evidence"]["running"] == {OLD_DIGEST: 1}
    assert found["evidence"]["log_lines"] == ["oops"]
