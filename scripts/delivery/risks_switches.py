"""Whether a change switches off what protects, encrypts or backs up."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from scripts.delivery.steps import Step
from scripts.stack import UNKNOWN

PROTECTION, ENCRYPTION, BACKUPS, DATA = "drops-protection", "drops-encryption", "drops-backups", "deletes-data"


def _was_on(old: Any, new: Any) -> bool:
    return old is True and new is not True


def _gets_on(old: Any, new: Any) -> bool:
    return new is True and old is not True


def _shrinks(old: Any, new: Any) -> bool:
    return isinstance(old, int | float) and isinstance(new, int | float) and new < old


def _leaves(value: str) -> Callable[[Any, Any], bool]:
    return lambda old, new: old == value and new != value


def _goes(old: Any, new: Any) -> bool:
    return old is not None and new is None


@dataclass(frozen=True)
class Switch:
    """`worse(old, new)`: whether the property at `path` of resources whose type ends with `kind` gets worse."""

    kind: str
    path: str
    risk: str
    worse: Callable[[Any, Any], bool]
    text: str


SWITCHES = (
    Switch("", "deletionProtection", PROTECTION, _was_on, "switches deletion protection off"),
    Switch(":UserPool", "deletionProtection", PROTECTION, _leaves("ACTIVE"), "switches deletion protection off"),
    Switch(":LoadBalancer", "enableDeletionProtection", PROTECTION, _was_on, "switches deletion protection off"),
    Switch(":Repository", "forceDelete", PROTECTION, _gets_on, "may be deleted with its images"),
    Switch(":Repository", "imageTagMutability", PROTECTION, _leaves("IMMUTABLE"), "lets tags be moved"),
    Switch(":Bucket", "forceDestroy", PROTECTION, _gets_on, "may be deleted with its objects"),
    Switch(":BucketV2", "forceDestroy", PROTECTION, _gets_on, "may be deleted with its objects"),
    Switch(":Secret", "recoveryWindowInDays", PROTECTION, _shrinks, "can be recovered for less long"),
    Switch(":UserPool", "mfaConfiguration", PROTECTION, _leaves("ON"), "asks for no second factor any more"),
    Switch(":UserPool", "userPoolAddOns.advancedSecurityMode", PROTECTION, _goes, "switches threat protection off"),
    Switch(":UserPool", "passwordPolicy.minimumLength", PROTECTION, _shrinks, "takes shorter passwords"),
    Switch(":Service", "deploymentCircuitBreaker.enable", PROTECTION, _was_on, "switches the circuit breaker off"),
    Switch(":Service", "deploymentCircuitBreaker.rollback", PROTECTION, _was_on, "rolls back no more"),
    Switch(":Service", "alarms.rollback", PROTECTION, _was_on, "rolls back on no alarm any more"),
    Switch(":Service", "enableExecuteCommand", PROTECTION, _gets_on, "lets people run commands in its containers"),
    Switch("", "storageEncrypted", ENCRYPTION, _was_on, "keeps its data unencrypted"),
    Switch("", "encrypted", ENCRYPTION, _was_on, "keeps its data unencrypted"),
    Switch("", "kmsKeyId", ENCRYPTION, _goes, "leaves its own key"),
    Switch(":Listener", "protocol", ENCRYPTION, _leaves("HTTPS"), "answers without TLS"),
    Switch(":Listener", "certificateArn", ENCRYPTION, _goes, "has no certificate any more"),
    Switch("", "backupRetentionPeriod", BACKUPS, _shrinks, "keeps backups for less long"),
    Switch("", "skipFinalSnapshot", BACKUPS, _gets_on, "would go without a final snapshot"),
    Switch("", "deleteAutomatedBackups", BACKUPS, _gets_on, "would take its backups along when it goes"),
    Switch(":BucketVersioning", "versioningConfiguration.status", BACKUPS, _leaves("Enabled"), "keeps no old versions"),
    Switch(":LogGroup", "retentionInDays", DATA, _shrinks, "keeps logs for less long, and deletes older ones"),
)

_GUARDS = {
    "aws:wafv2/webAcl:WebAcl": (PROTECTION, "removes the web application firewall"),
    "aws:wafv2/webAclAssociation:WebAclAssociation": (PROTECTION, "takes the web application firewall away"),
    "aws:ec2/flowLog:FlowLog": (PROTECTION, "writes down no more who reaches what"),
    "aws:cloudtrail/trail:Trail": (PROTECTION, "writes down no more who did what"),
    "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration": (
        ENCRYPTION,
        "no longer says how the bucket encrypts",
    ),
    "aws:backup/plan:Plan": (BACKUPS, "removes the backup plan"),
}
"""What protects by being there."""


def switched(step: Step) -> Iterator[tuple[str, str]]:
    """What the step switches off that was on."""
    if step.op == "delete":
        if step.type in _GUARDS:
            yield _GUARDS[step.type]
        return
    if not step.old:
        return  # what is made now has been on never
    if step.was_protected and not step.is_protected:
        yield PROTECTION, "is protected from deletion by the program no more"
    for switch in SWITCHES:
        if step.type.endswith(switch.kind):
            old, new = _at(step.old, switch.path), _at(step.new, switch.path)
            if new != UNKNOWN and switch.worse(old, new):
                yield switch.risk, f"{switch.text}{_values(old, new)}"
    yield from _tls_parameter(step)


def _tls_parameter(step: Step) -> Iterator[tuple[str, str]]:
    if step.type.rsplit(":", 1)[-1] not in ("ParameterGroup", "ClusterParameterGroup"):
        return
    old, new = (_parameter(side, "rds.force_ssl") for side in (step.old, step.new))
    if old == "1" and new != "1":
        yield ENCRYPTION, "lets connections in without TLS"


def _parameter(inputs: Mapping[str, Any], name: str) -> str | None:
    for parameter in inputs.get("parameters") or ():
        if isinstance(parameter, Mapping) and parameter.get("name") == name:
            return str(parameter.get("value"))
    return None


def _at(inputs: Mapping[str, Any], path: str) -> Any:
    found: Any = inputs
    for key in path.split("."):
        found = found.get(key) if isinstance(found, Mapping) else None
    return found


def _values(old: Any, new: Any) -> str:
    """From what to what, where that tells more than on and off."""
    if isinstance(old, bool) or isinstance(new, bool) or not isinstance(old, int | float | str) or new is None:
        return ""
    return f" ({old} → {new})"
