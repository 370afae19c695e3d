"""What a container definition's `valueFrom` stands for, read as ECS reads it."""

from __future__ import annotations

import json
from typing import Any

ARN_PARTS = 7
"""A secret's ARN has so many parts; then come a member, a stage and a version (ECS: "specifying-sensitive-data")."""


class SecretReferenceError(Exception):
    """The reference leads to no text; the message names what it leads to, and never a value."""


def value_of(manager: Any, reference: str) -> str:
    """The text behind `ARN` or `ARN:member:stage:version`; `manager` is boto3's client, or answers as it does.

    Raises SecretReferenceError, and boto3's own errors.
    """
    parts = reference.split(":")
    arn, (member, stage, version) = ":".join(parts[:ARN_PARTS]), (*parts[ARN_PARTS:], "", "", "")[:3]
    which = {name: value for name, value in (("VersionStage", stage), ("VersionId", version)) if value}
    text = str(manager.get_secret_value(SecretId=arn, **which).get("SecretString", ""))
    if not member:
        return text
    try:
        return str(json.loads(text)[member])
    except (ValueError, KeyError, TypeError) as error:
        raise SecretReferenceError(f"The secret {parts[ARN_PARTS - 1]} has no member {member!r}.") from error
