"""The verdicts on a deployment, and on one service of it: a name for machines, a sentence with the fix for people."""

from __future__ import annotations

from enum import StrEnum


class Verdict(StrEnum):
    """How a service's deployment, or the whole update, came out. The names do not change."""

    DEPLOYED = "deployed"
    CRASH_LOOP = "crash-loop"
    IMAGE_PULL_FAILED = "image-pull-failed"
    HEALTH_CHECK_FAILED = "health-check-failed"
    CANNOT_START = "cannot-start"
    OUT_OF_MEMORY = "out-of-memory"
    ALARM = "alarm"
    ROLLED_BACK = "rolled-back"
    SUPERSEDED = "superseded"
    GONE = "gone"
    TIMED_OUT = "timed-out"
    LOST_CONNECTION = "lost-connection"
    CREDENTIALS = "credentials"
    THROTTLED = "throttled"
    REFUSED = "refused"
    LOCKED = "locked"
    INTERRUPTED = "interrupted"
    UPDATE_FAILED = "update-failed"
    NOT_READY = "not-ready"


MEANINGS = {
    Verdict.DEPLOYED: "runs what was deployed",
    Verdict.CRASH_LOOP: "its tasks start and end again at once: the last log lines say why",
    Verdict.IMAGE_PULL_FAILED: "its image cannot be pulled: is the digest in the repository "
    "(`python -m scripts.build_and_push`), and do the tasks reach the registry?",
    Verdict.HEALTH_CHECK_FAILED: "its tasks run but do not become healthy: see what the check got, and the log",
    Verdict.CANNOT_START: "its tasks cannot be started: a secret, a role or the network is missing",
    Verdict.OUT_OF_MEMORY: "its tasks need more memory than they have: raise `memory` in sri:services",
    Verdict.ALARM: "an alarm went off while it rolled out",
    Verdict.ROLLED_BACK: "ECS took the deployment back",
    Verdict.SUPERSEDED: "another deployment took over: somebody else deploys too",
    Verdict.GONE: "there is no such active service",
    Verdict.TIMED_OUT: "it did not settle in time; ECS goes on trying: the same command again goes on waiting",
    Verdict.LOST_CONNECTION: "AWS cannot be reached any more, so nobody knows how it ends: "
    "run the same command again, it changes nothing twice",
    Verdict.CREDENTIALS: "the credentials are missing or have expired: renew them and run the same command again, "
    "it changes nothing twice",
    Verdict.THROTTLED: "AWS takes no more requests for now: run the same command again in some minutes",
    Verdict.REFUSED: "these credentials may not do that: the role needs the permission that is named",
    Verdict.LOCKED: "another update of the stack is under way, or one was cut off",
    Verdict.INTERRUPTED: "stopped by hand",
    Verdict.UPDATE_FAILED: "the update failed",
    Verdict.NOT_READY: "it could not begin",
}


class DeliveryError(Exception):
    """A delivery ends here: `verdict` for machines, the text for people. NOT_READY is for what a person sets up."""

    def __init__(self, verdict: Verdict, text: str) -> None:
        super().__init__(text)
        self.verdict = verdict
