"""Container definitions: canonical, hardened, and told nothing secret in the clear."""

from __future__ import annotations

import json
import random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.container import STOP_TIMEOUT_SECONDS, Container, canonical_json
from components.edge import IDLE_TIMEOUT_SECONDS
from services.shared.server import FINISH_SECONDS, KEEP_ALIVE_SECONDS
from tests.support.stacks import ContainerDefinition, stack

TIERS = ("dev", "prod", "local")
EVERYWHERE = "0.0.0.0"  # noqa: S104  (what a task listens on)
NAMES = st.text("ABCDEFGHIJKLMNOPQRSTUVWXYZ_", min_size=1, max_size=12)
VARIABLES = st.dictionaries(NAMES, st.text(max_size=20), max_size=8)


def definition(environment: dict[str, str], secrets: dict[str, str]) -> str:
    container = Container(
        memory=512,
        name="data",
        image="repository@sha256:0",
        command=["python"],
        environment={},
        secrets={},
        log_group="",
        region="us-east-1",
        stream_prefix="serve",
        port=8000,
    )
    known = {"image": container.image, "environment": environment, "secrets": secrets, "log_group": "/sri"}
    return canonical_json([container._definition(known)])


@given(VARIABLES, VARIABLES, st.randoms())
def test_the_order_of_variables_never_changes_a_definition(
    environment: dict[str, str], secrets: dict[str, str], chance: random.Random
) -> None:
    def shuffled(variables: dict[str, str]) -> dict[str, str]:
        return dict(chance.sample(sorted(variables.items()), len(variables)))

    assert definition(shuffled(environment), shuffled(secrets)) == definition(environment, secrets)


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    )
)
def test_canonical_json_has_one_form_without_empty_members(value: Any) -> None:
    text = canonical_json(value)
    assert canonical_json(json.loads(text)) == text
    assert text == "null" or not any(None in found.values() for found in objects(json.loads(text)))


def objects(value: Any) -> list[dict[str, Any]]:
    members = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return [*([value] if isinstance(value, dict) else []), *(inner for member in members for inner in objects(member))]


def serving(tier: str) -> list[ContainerDefinition]:
    return [container for container in stack(tier).containers() if container.kind == "serve"]


def test_what_ecs_fills_in_is_written_out() -> None:
    for container in stack("dev").containers():
        found = container.definition
        assert (found["essential"], found["cpu"]) == (True, 0)
        assert found["mountPoints"] == found["volumesFrom"] == found["systemControls"] == []
        for mapping in found["portMappings"]:
            assert mapping["hostPort"] == mapping["containerPort"]
            assert mapping["protocol"] == "tcp"


@pytest.mark.parametrize("tier", TIERS)
def test_every_container_is_locked_down(tier: str) -> None:
    for container in stack(tier).containers():
        found = container.definition
        assert found["readonlyRootFilesystem"] is True
        assert found["user"] == "10001:10001"
        assert "privileged" not in found
        assert found["linuxParameters"] == {
            "initProcessEnabled": True,
            "capabilities": {"add": [], "drop": ["ALL"]},
        }


@pytest.mark.parametrize("tier", TIERS)
def test_images_are_named_by_digest_and_never_by_tag(tier: str) -> None:
    for container in stack(tier).containers():
        repository, _, digest = container.definition["image"].partition("@sha256:")
        assert repository.endswith(f"/sri-{tier}-{container.service}")
        assert len(digest) == 64


@pytest.mark.parametrize("tier", TIERS)
def test_no_secret_is_a_plain_variable(tier: str) -> None:
    for container in stack(tier).containers():
        for name, value in container.environment.items():
            assert "the-client-secret" not in value
            assert not any(word in name for word in ("SECRET", "PASSWORD", "KEYS", "USER_NAME"))
        assert all(arn.startswith("arn:aws:") for arn in container.secrets.values())


def test_database_secrets_are_members_of_the_secret() -> None:
    (found,) = [c for c in stack("dev").containers() if (c.service, c.kind) == ("data", "migrate")]
    role = "arn:aws:secretsmanager:us-east-1:123456789012:sri-dev-data"
    master = "arn:aws:secretsmanager:us-east-1:123456789012:secret:rds!master"
    assert found.secrets == {
        "DATABASE_USER": f"{master}:username::",
        "DATABASE_PASSWORD": f"{master}:password::",
        "SERVICE_DATABASE_USER": f"{role}:username::version-of-sri-dev-data",
        "SERVICE_DATABASE_PASSWORD": f"{role}:password::version-of-sri-dev-data",
    }


@pytest.mark.parametrize(("tier", "host", "port"), [("dev", EVERYWHERE, "8002"), ("local", "127.0.0.1", "41003")])
def test_commands_listen_where_everybody_expects_them(tier: str, host: str, port: str) -> None:
    (found,) = [c for c in serving(tier) if c.service == "data"]
    assert found.definition["command"] == [
        *("python", "-m", "services.data", "serve"),
        *("--host", host, "--port", port),
    ]
    assert found.definition["portMappings"][0]["containerPort"] == int(port)
    assert f"http://127.0.0.1:{port}/health/live" in found.definition["healthCheck"]["command"][-1]


@pytest.mark.parametrize(
    ("tier", "identity", "data"),
    [
        ("prod", "http://identity.sri-prod.internal:8001", "http://data.sri-prod.internal:8002"),
        ("local", "http://127.0.0.1:41002", "http://127.0.0.1:41003"),
    ],
)
def test_callers_are_told_where_their_callees_are(tier: str, identity: str, data: str) -> None:
    urls = {c.service: {k: v for k, v in c.environment.items() if k.endswith("_URL")} for c in serving(tier)}
    jwks = {name: found.pop("COGNITO_JWKS_URL") for name, found in urls.items()}
    assert urls == {
        "gateway": {"IDENTITY_URL": identity, "DATA_URL": data},
        "identity": {"DATA_URL": data},
        "data": {"IDENTITY_URL": identity},
        "frontend": {},
    }
    assert len(set(jwks.values())) == 1


def test_only_migrations_have_no_port_and_no_health_check() -> None:
    for container in stack("dev").containers():
        ends = container.kind == "migrate"
        assert (container.definition["portMappings"] == []) is ends
        assert ("healthCheck" not in container.definition) is ends


def test_logs_of_serving_and_migrating_stand_apart_in_the_services_group() -> None:
    for container in stack("dev").containers():
        assert container.definition["logConfiguration"] == {
            "logDriver": "awslogs",
            "options": {
                "awslogs-group": f"/sri/dev/{container.service}",
                "awslogs-region": "us-east-1",
                "awslogs-stream-prefix": container.kind,
                "mode": "non-blocking",
                "max-buffer-size": "4m",
            },
        }


def test_a_task_that_leaves_finishes_before_it_is_killed() -> None:
    delays = {group.inputs["deregistrationDelay"] for group in stack("prod").of_type("lb/targetGroup:TargetGroup")}
    assert delays == {30}
    assert max(30, FINISH_SECONDS) < STOP_TIMEOUT_SECONDS


def test_services_keep_connections_longer_than_the_load_balancer() -> None:
    (balancer,) = stack("prod").of_type("lb/loadBalancer:LoadBalancer")
    assert balancer.inputs["idleTimeout"] == IDLE_TIMEOUT_SECONDS < KEEP_ALIVE_SECONDS


@pytest.mark.parametrize(("architecture", "platform"), [("X86_64", "linux/amd64"), ("ARM64", "linux/arm64")])
def test_one_setting_decides_what_is_built_and_where_it_runs(architecture: str, platform: str) -> None:
    built = stack("dev", cpu_architecture=architecture)
    assert {image.inputs["build"]["platform"] for image in built.of_type("image:Image")} == {platform}
    runtimes = {task.inputs["runtimePlatform"]["cpuArchitecture"] for task in built.of_type(":TaskDefinition")}
    assert runtimes == {architecture}
