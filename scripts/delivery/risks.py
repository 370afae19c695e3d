"""What a set of changes puts at risk. Every risk has a name that does not change, for `--allow`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from scripts.delivery import risks_access, risks_network, risks_switches
from scripts.delivery.steps import Changes, Step
from scripts.stack import UNKNOWN


class Risk(StrEnum):
    """The names, most costly first."""

    REPLACES_DATABASE = "replaces-database"
    DELETES_DATABASE = "deletes-database"
    REPLACES_USER_POOL = "replaces-user-pool"
    DELETES_USER_POOL = "deletes-user-pool"
    REPLACES_DATA = "replaces-data"
    DELETES_DATA = "deletes-data"
    ENDS_SESSIONS = "ends-sessions"
    OPENS_NETWORK = "opens-network"
    WEAKENS_IAM = "weakens-iam"
    DROPS_PROTECTION = "drops-protection"
    DROPS_ENCRYPTION = "drops-encryption"
    DROPS_BACKUPS = "drops-backups"


MEANINGS = {
    Risk.REPLACES_DATABASE: "a database is made anew, empty",
    Risk.DELETES_DATABASE: "a database goes, with what is in it",
    Risk.REPLACES_USER_POOL: "the user pool is made anew, without its users",
    Risk.DELETES_USER_POOL: "the user pool goes, with its users",
    Risk.REPLACES_DATA: "something that keeps data is made anew, empty",
    Risk.DELETES_DATA: "something that keeps data goes, or data in it",
    Risk.ENDS_SESSIONS: "everybody is signed out",
    Risk.OPENS_NETWORK: "more of the network can be reached, or by more",
    Risk.WEAKENS_IAM: "somebody may do more than named actions on named resources",
    Risk.DROPS_PROTECTION: "a protection is switched off",
    Risk.DROPS_ENCRYPTION: "data is encrypted no more, at rest or on its way",
    Risk.DROPS_BACKUPS: "backups are kept for less long, or not at all",
}

DATABASES = ("aws:rds/instance:Instance", "aws:rds/cluster:Cluster")
USER_POOL = "aws:cognito/userPool:UserPool"
APP_CLIENT = "aws:cognito/userPoolClient:UserPoolClient"
KEEPERS = {
    "aws:secretsmanager/secret:Secret": "its secret",
    "aws:ssm/parameter:Parameter": "its value",
    "aws:s3/bucket:Bucket": "its objects",
    "aws:s3/bucketV2:BucketV2": "its objects",
    "aws:cloudwatch/logGroup:LogGroup": "its logs",
    "aws:ecr/repository:Repository": "its images",
    "aws:dynamodb/table:Table": "its items",
    "aws:efs/fileSystem:FileSystem": "its files",
    "aws:sqs/queue:Queue": "its messages",
    "aws:kms/key:Key": "whatever only this key decrypts",
    "aws:backup/vault:Vault": "its backups",
}
"""What keeps data beside databases and user pools -> what would be lost."""


@dataclass(frozen=True)
class Finding:
    """One risk of one resource, in a sentence."""

    risk: Risk
    resource: str
    text: str


Rule = Callable[[Step], Iterator[tuple[str, str]]]
"""Yields (name of a risk, sentence) for a step."""

_RULES: tuple[Rule, ...] = (risks_network.opened, risks_access.widened, risks_switches.switched)


def find(changes: Changes) -> list[Finding]:
    """Every risk of the changes, most costly first."""
    found = [
        Finding(Risk(name), step.label, text)
        for step in changes.changing
        for rule in (_lost, *_RULES)
        for name, text in rule(step)
    ]
    order = list(Risk)
    return sorted(dict.fromkeys(found), key=lambda finding: (order.index(finding.risk), finding.resource))


def blocking(findings: Iterable[Finding], allowed: Iterable[str]) -> list[Risk]:
    """The names of the risks that nobody has allowed, each once."""
    names = set(allowed)
    return [risk for risk in Risk if risk not in names and any(finding.risk is risk for finding in findings)]


def unjudged(changes: Changes) -> list[str]:
    """The resources whose access cannot be judged before the update, because it names what does not exist yet."""
    return [step.label for step in changes.changing if any(step.new.get(key) == UNKNOWN for key in _DOCUMENTS)]


_DOCUMENTS = ("policy", "assumeRolePolicy")


def _lost(step: Step) -> Iterator[tuple[str, str]]:
    if step.op not in ("replace", "delete"):
        return
    verb = "replaces" if step.op == "replace" else "deletes"
    why = f" (because of {', '.join(step.because)})" if step.because else ""
    kept = "; the old one is retained" if step.retained else ""
    if step.type in DATABASES:
        yield f"{verb}-database", f"{verb} the database{why}{kept}"
    elif step.type == USER_POOL:
        yield f"{verb}-user-pool", f"{verb} the user pool and loses its users{why}{kept}"
    elif step.type == APP_CLIENT:
        yield Risk.ENDS_SESSIONS, f"{verb} the app client that every session was made for{why}"
    elif step.type in KEEPERS and not (step.retained and step.op == "delete"):
        yield f"{verb}-data", f"{verb} it and loses {KEEPERS[step.type]}{why}{kept}"
