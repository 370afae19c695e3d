"""The stack and the services agree on every environment variable, in both directions."""

from __future__ import annotations

import importlib

import pytest

from services.shared.settings import BaseEnvironment, MigrationSettings
from tests.support.stacks import LOCAL, ContainerDefinition, Stack, stack

TIERS = ("dev", "prod", "local")


def built(tier: str) -> Stack:
    return stack(tier, local=LOCAL) if tier == "local" else stack(tier)


def settings_of(container: ContainerDefinition) -> type[BaseEnvironment]:
    """What the process reads that this container starts."""
    if container.kind == "migrate":
        return MigrationSettings
    settings: type[BaseEnvironment] = importlib.import_module(f"services.{container.service}.settings").Settings
    return settings


def given_names(container: ContainerDefinition) -> set[str]:
    return {*container.environment, *container.secrets}


@pytest.mark.parametrize("tier", TIERS)
def test_a_container_is_told_exactly_what_its_service_reads(tier: str) -> None:
    containers = list(built(tier).containers())
    assert containers
    told = {f"{c.service} {c.kind}": sorted(given_names(c)) for c in containers}
    read = {f"{c.service} {c.kind}": sorted(settings_of(c).env_names()) for c in containers}
    assert told == read


@pytest.mark.parametrize("tier", TIERS)
def test_a_collector_is_told_to_whatever_serves_requests_and_to_nothing_else(tier: str) -> None:
    config = {"otlp_endpoint": "https://otlp.example.com"} | ({"local": LOCAL} if tier == "local" else {})
    for container in stack(tier, **config).containers():
        added = given_names(container) - settings_of(container).env_names()
        assert added == settings_of(container).optional_env_names()
        assert added == (set() if container.kind == "migrate" else {"OTEL_EXPORTER_OTLP_ENDPOINT"})


@pytest.mark.parametrize("tier", TIERS)
def test_nothing_is_both_plain_and_secret(tier: str) -> None:
    for container in built(tier).containers():
        assert set(container.environment) & set(container.secrets) == set()


@pytest.mark.parametrize("tier", TIERS)
def test_what_a_service_keeps_secret_is_never_plain_in_its_container(tier: str) -> None:
    for container in built(tier).containers():
        fields = settings_of(container).model_fields
        secret = {name.upper() for name, field in fields.items() if "Secret" in str(field.annotation)}
        assert secret == set(container.secrets)
