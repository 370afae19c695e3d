"""Reading a stack's secrets: with the caller's AWS credentials, or from the local run's emulator."""

from __future__ import annotations

from pathlib import Path

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from scripts.dotenv.errors import EnvironmentFileError
from scripts.dotenv.files import ReadSecret
from scripts.local.control_plane import CREDENTIALS
from scripts.local.lock import is_held
from scripts.local.state import State, read_json
from scripts.secret_reference import SecretReferenceError, value_of


def reader(region: str, *, local: bool, state_dir: Path | None = None) -> ReadSecret:
    """Reads what a reference leads to, or says in an EnvironmentFileError why not."""
    if local:
        state = State(state_dir)
        if not is_held(state):
            raise EnvironmentFileError("The platform is not running, which keeps the secrets: start it with `make up`.")
        pair = {name.lower(): value for name, value in CREDENTIALS.items()}
        session, endpoint = boto3.Session(**pair), read_json(state.run)["control_plane_url"]  # type: ignore[arg-type]
    else:
        session, endpoint = boto3.Session(), None
    try:
        manager = session.client(
            "secretsmanager",
            region_name=region,
            endpoint_url=endpoint,
            config=Config(retries={"mode": "standard"}, connect_timeout=5, proxies={} if local else None),
        )
    except BotoCoreError as error:
        raise EnvironmentFileError(f"AWS cannot be asked: {error}") from error

    def read(reference: str) -> str:
        try:
            return value_of(manager, reference)
        except SecretReferenceError as error:
            raise EnvironmentFileError(str(error)) from error
        except ClientError as error:
            said = error.response["Error"].get("Message")
            raise EnvironmentFileError(
                f"AWS does not give the secret {reference.split(':')[6]} ({said}): your credentials need "
                "secretsmanager:GetSecretValue of it, in the stack's own account."
            ) from error
        except BotoCoreError as error:
            raise EnvironmentFileError(
                f"Secrets are asked for with your AWS credentials, and AWS cannot be asked ({error}): sign in with "
                "`aws sso login`, or set AWS_PROFILE, and try again."
            ) from error

    return read
