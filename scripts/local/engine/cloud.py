"""The emulators as the engine sees them: one boto3 client for each service, errors that say what was asked."""

from __future__ import annotations

import threading
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from botocore.model import StructureShape

ONE_TRY = Config(retries={"total_max_attempts": 1}, proxies={}, read_timeout=30, max_pool_connections=16)
"""moto answers what it does not know with 500: trying again only takes time."""


class ApiError(Exception):
    """A call that failed: "ec2.create_vpc: ..."."""


class Cloud:
    """boto3 for one region. Where the emulators are is in the environment (AWS_ENDPOINT_URL and its kin)."""

    def __init__(self, region: str) -> None:
        self.region = region
        self._clients: dict[str, Any] = {}
        self._lock = threading.Lock()
        self._account = ""

    @property
    def account(self) -> str:
        """The account that the credentials belong to."""
        if not self._account:
            self._account = self.call("sts.get_caller_identity")["Account"]
        return self._account

    def client(self, service: str) -> Any:
        """The client of one service. Clients may be shared by threads, but not made by two at once."""
        with self._lock:
            if service not in self._clients:
                self._clients[service] = boto3.client(service, region_name=self.region, config=ONE_TRY)  # type: ignore[call-overload]
            return self._clients[service]

    def call(self, operation: str, **parameters: Any) -> dict[str, Any]:
        """One call ("ec2.create_vpc"); ApiError if it fails."""
        service, _, method = operation.partition(".")
        try:
            response: dict[str, Any] = getattr(self.client(service), method)(**parameters)
        except (BotoCoreError, ClientError) as error:
            raise ApiError(f"{operation}: {error}") from error
        return response

    def pages(self, operation: str, result: str, **parameters: Any) -> list[dict[str, Any]]:
        """All items of a call that answers in pages; `result` is the member that holds them."""
        service, _, method = operation.partition(".")
        try:
            pages = self.client(service).get_paginator(method).paginate(**parameters)
            return [item for page in pages for item in page[result]]
        except (BotoCoreError, ClientError) as error:
            raise ApiError(f"{operation}: {error}") from error

    def input_shape(self, operation: str) -> StructureShape:
        """What the call takes, as botocore describes it."""
        service, _, method = operation.partition(".")
        meta = self.client(service).meta
        shape = meta.service_model.operation_model(meta.method_to_api_mapping[method]).input_shape
        return shape or StructureShape("Nothing", {"type": "structure", "members": {}})
