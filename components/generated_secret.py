"""A secret value that nobody chooses and nobody sees: made by Secrets Manager, never in the program or its state."""

from __future__ import annotations

import json
from typing import Any

import pulumi
from pulumi import dynamic


def new_value(client: Any, secret_id: str, *, template: str, key: str, length: int) -> str:
    """Put another random value into the secret; its version id. The value before stays for a while as AWSPREVIOUS."""
    # No punctuation: the value travels through URLs and connection strings.
    value = client.get_random_password(PasswordLength=length, ExcludePunctuation=True)["RandomPassword"]
    text = json.dumps({**json.loads(template), key: value}) if key else value
    return str(client.put_secret_value(SecretId=secret_id, SecretString=text)["VersionId"])


def ensure_value(client: Any, secret_id: str, *, template: str, key: str, length: int) -> str:
    """Put a random value into the secret unless it has a current one; the version id of the current value.

    `client` is boto3's for Secrets Manager. The value is the JSON object `template` with the random text as its
    member `key`, or the random text alone where `key` is empty.
    """
    versions = client.describe_secret(SecretId=secret_id).get("VersionIdsToStages", {})
    for version, stages in versions.items():
        if "AWSCURRENT" in stages:
            return str(version)
    return new_value(client, secret_id, template=template, key=key, length=length)


class GeneratedSecretProvider(dynamic.ResourceProvider):
    """Runs in its own process, from a serialised copy: whatever it needs is imported inside its methods."""

    serialize_as_secret_always = False

    def create(self, props: dict[str, Any]) -> dynamic.CreateResult:
        """Make the value; the resource's id is the secret's."""
        import boto3  # noqa: PLC0415

        client = boto3.client("secretsmanager", region_name=props["region"])
        version = ensure_value(
            client,
            props["secret_id"],
            template=props["template"],
            key=props["key"],
            length=int(props["length"]),
        )
        return dynamic.CreateResult(id_=props["secret_id"], outs=_outs(version, props))

    def update(self, id_: str, _olds: dict[str, Any], news: dict[str, Any]) -> dynamic.UpdateResult:
        """Make another value: only a rotation comes here."""
        import boto3  # noqa: PLC0415

        client = boto3.client("secretsmanager", region_name=news["region"])
        version = new_value(client, id_, template=news["template"], key=news["key"], length=int(news["length"]))
        return dynamic.UpdateResult(outs=_outs(version, news))

    def diff(self, id_: str, olds: dict[str, Any], news: dict[str, Any]) -> dynamic.DiffResult:
        """Only another secret or rotation needs another value: a new template or length never overwrites one in use."""
        another = news["secret_id"] != id_
        rotated = news.get("rotation", "") != olds.get("rotation", "")
        return dynamic.DiffResult(changes=another or rotated, replaces=["secret_id"] if another else [])


def _outs(version: str, props: dict[str, Any]) -> dict[str, Any]:
    return {"version_id": version, "rotation": props.get("rotation", "")}


class GeneratedSecret(dynamic.Resource, module="sri", name="GeneratedSecret"):
    """A random value in the secret `secret_id`, and another with each other text in `rotation`.

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
        key: str = "",
        length: int = 43,
        rotation: str = "",
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        props = {
            "region": region,
            "secret_id": secret_id,
            "template": template,
            "key": key,
            "length": length,
            "rotation": rotation,
            "version_id": None,
        }
        super().__init__(GeneratedSecretProvider(), name, props, opts)
