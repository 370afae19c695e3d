"""A secret value that nobody chooses and nobody sees: made by Secrets Manager, never in the program or its state."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pulumi
from pulumi import dynamic


def new_value(client: Any, secret_id: str, *, template: str, key: str, length: int) -> str:
    """Put another random value into the secret; its version id. The value before stays readable by its own."""
    # No punctuation: the value travels through URLs and connection strings.
    value = client.get_random_password(PasswordLength=length, ExcludePunctuation=True)["RandomPassword"]
    text = json.dumps({**json.loads(template), key: value}) if key else value
    return str(client.put_secret_value(SecretId=secret_id, SecretString=text)["VersionId"])


def ensure_value(client: Any, secret_id: str, *, template: str, key: str, length: int) -> tuple[str, datetime]:
    """Put a random value into the secret unless it has a current one; that one's version id, and since when it is so.

    `client` is boto3's for Secrets Manager. The value is the JSON object `template` with the random text as its
    member `key`, or the random text alone where `key` is empty.
    """
    found = client.describe_secret(SecretId=secret_id)
    for version, stages in found.get("VersionIdsToStages", {}).items():
        if "AWSCURRENT" in stages:
            return str(version), found["LastChangedDate"]
    return new_value(client, secret_id, template=template, key=key, length=length), datetime.now(UTC)


def is_due(made_at: str, days: float, now: datetime) -> bool:
    """Whether a value of that age is to be replaced; one of unknown age is. 0 days: none ever is."""
    if days <= 0:
        return False
    return not made_at or now - datetime.fromisoformat(made_at) >= timedelta(days=days)


class GeneratedSecretProvider(dynamic.ResourceProvider):
    """Runs in its own process, from a serialised copy: whatever it needs is imported inside its methods."""

    serialize_as_secret_always = False

    def create(self, props: dict[str, Any]) -> dynamic.CreateResult:
        """Make the value; the resource's id is the secret's."""
        version, made_at = ensure_value(
            self._client(props),
            props["secret_id"],
            template=props["template"],
            key=props["key"],
            length=int(props["length"]),
        )
        return dynamic.CreateResult(id_=props["secret_id"], outs=_outs(version, made_at, props, turn=0))

    def update(self, id_: str, olds: dict[str, Any], news: dict[str, Any]) -> dynamic.UpdateResult:
        """Make another value, of the other template if there are two: only a rotation comes here."""
        turn = 1 - int(olds.get("turn") or 0)
        template = (news.get("alternative") if turn else "") or news["template"]
        version = new_value(self._client(news), id_, template=template, key=news["key"], length=int(news["length"]))
        return dynamic.UpdateResult(outs=_outs(version, datetime.now(UTC), news, turn=turn))

    def diff(self, id_: str, olds: dict[str, Any], news: dict[str, Any]) -> dynamic.DiffResult:
        """Another secret, another text in `rotation`, or age: nothing else ever overwrites a value in use."""
        another = news["secret_id"] != id_
        asked = news.get("rotation", "") != olds.get("rotation", "")
        due = is_due(olds.get("made_at") or "", float(news.get("rotation_days") or 0), datetime.now(UTC))
        return dynamic.DiffResult(changes=another or asked or due, replaces=["secret_id"] if another else [])

    def _client(self, props: dict[str, Any]) -> Any:
        import boto3  # noqa: PLC0415

        return boto3.client("secretsmanager", region_name=props["region"])


def _outs(version: str, made_at: datetime, props: dict[str, Any], *, turn: int) -> dict[str, Any]:
    return {
        "version_id": version,
        "made_at": made_at.astimezone(UTC).isoformat(timespec="seconds"),
        "rotation": props.get("rotation", ""),
        "turn": turn,
    }


class GeneratedSecret(dynamic.Resource, module="sri", name="GeneratedSecret"):
    """A random value in the secret `secret_id`; another one with each other text in `rotation`, and with the first
    update after `rotation_days` (0: never by age). Every second one is of the template `alternative`, where given.

    Deleting it leaves the value, which goes with its secret.
    """

    version_id: pulumi.Output[str]

    def __init__(
        self,
        name: str,
        *,
        region: str,
        secret_id: pulumi.Input[str],
        template: str = "{}",
        alternative: str = "",
        key: str = "",
        length: int = 43,
        rotation: str = "",
        rotation_days: int = 0,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        props = {
            "region": region,
            "secret_id": secret_id,
            "template": template,
            "alternative": alternative,
            "key": key,
            "length": length,
            "rotation": rotation,
            "rotation_days": rotation_days,
            "version_id": None,
        }
        super().__init__(GeneratedSecretProvider(), name, props, opts)
