"""A secret value that nobody chooses and nobody sees: made by Secrets Manager, never in the program or its state."""

from __future__ import annotations

import json
from typing import Any

import pulumi
from pulumi import dynamic


def ensure_value(client: Any, secret_id: str, *, template: str, key: str, length: int) -> str:
    """Put a random value into the secret unless it has a current one; the version id of the current value.

    `client` is boto3's for Secrets Manager. The value is the JSON object `template` with the random text as its
    member `key`, or the random text alone where `key` is empty.
    """
    versions = client.describe_secret(SecretId=secret_id).get("VersionIdsToStages", {})
    for version, stages in versions.items():
        if "AWSCURRENT" in stages:
            return str(version)
    # No punctuation: the value travels through URLs and connection strings.
    value = client.get_random_password(PasswordLength=length, ExcludePunctuation=True)["RandomPassword"]
    text = json.dumps({**json.loads(template), key: value}) if key else value
    return str(client.put_secret_value(SecretId=secret_id, SecretString=text)["VersionId"])


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
        return dynamic.CreateResult(id_=props["secret_id"], outs={"version_id": version})

    def diff(self, id_: str, _olds: dict[str, Any], news: dict[str, Any]) -> dynamic.DiffResult:
        """Only another secret needs another value: a new template or length never overwrites one that is in use."""
        changed = news["secret_id"] != id_
        return dynamic.DiffResult(changes=changed, replaces=["secret_id"] if changed else [])


class GeneratedSecret(dynamic.Resource, module="sri", name="GeneratedSecret"):
    """A random value in the secret `secret_id`; deleting it leaves the value, which goes with its secret."""

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
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        props = {
            "region": region,
            "secret_id": secret_id,
            "template": template,
            "key": key,
            "length": length,
            "version_id": None,
        }
        super().__init__(GeneratedSecretProvider(), name, props, opts)
