"""The copy that is deployed: what is in it, and that nothing comes back."""

from __future__ import annotations

import inspect
import json
import warnings
from pathlib import Path

import pytest
import yaml

from scripts import rehearse
from scripts.rehearsal.errors import RehearsalError
from scripts.rehearsal.private_copy import ENDPOINTS, make_copy
from services import catalog
from tests.support.stacks import ROOT, build, stack

ENDPOINT = "http://127.0.0.1:4999"


def test_the_copy_is_deployed_to_the_emulator(project: Path, tmp_path: Path) -> None:
    copy = make_copy(project, tmp_path / "copy", "dev", ENDPOINT)
    config = yaml.safe_load((copy.folder / "Pulumi.dev.yaml").read_text())["config"]
    assert config["aws:endpoints"] == [dict.fromkeys(ENDPOINTS, ENDPOINT)]
    assert config["aws:skipCredentialsValidation"] == "true"
    assert (config["sri:night"], copy.region) == ("20-5", "eu-central-1")
    assert config["sri:image_digests"].keys() == {service.name for service in catalog.SERVICES}


def test_the_original_stays_as_it_is(project: Path, tmp_path: Path) -> None:
    def content() -> dict[Path, bytes]:
        return {path: path.read_bytes() for path in project.rglob("*") if path.is_file()}

    before = content()
    make_copy(project, tmp_path / "copy", "dev", ENDPOINT)
    assert content() == before


def test_only_the_program_is_copied(project: Path, tmp_path: Path) -> None:
    copy = make_copy(project, tmp_path / "copy", "dev", ENDPOINT)
    copied = {str(path.relative_to(copy.folder)) for path in copy.folder.rglob("*") if path.is_file()}
    assert copied == {"Pulumi.yaml", "Pulumi.dev.yaml", "__main__.py", "services/catalog.py"}


def test_what_belongs_to_the_stacks_owner_is_left_behind(project: Path, tmp_path: Path) -> None:
    copy = make_copy(project, tmp_path / "copy", "dev", ENDPOINT)
    settings = yaml.safe_load((copy.folder / "Pulumi.dev.yaml").read_text())
    assert settings.keys() == {"config"}
    assert "sri:token" not in settings["config"]
    assert copy.secrets.keys() == {"sri:token"}
    assert len(copy.secrets["sri:token"]) > 20
    assert "backend" not in yaml.safe_load((copy.folder / "Pulumi.yaml").read_text())


def test_a_stack_without_a_file_is_refused_with_those_there_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(rehearse, "require_tools", lambda: None)
    assert rehearse.main(["staging", "--keep", str(tmp_path)]) == rehearse.USAGE == 2
    told = capsys.readouterr().err
    assert told == "There is no Pulumi.staging.yaml: name a stack that has one (dev, local, prod).\n"


def test_the_local_stack_is_run_and_not_deployed(tmp_path: Path) -> None:
    with pytest.raises(RehearsalError, match="`make up` runs it"):
        make_copy(ROOT, tmp_path / "copy", "local", ENDPOINT)


def test_an_encrypted_member_of_an_object_is_refused_by_its_key(project: Path, tmp_path: Path) -> None:
    (project / "Pulumi.dev.yaml").write_text("config:\n  sri:mail: {user: a, password: {secure: v1:xyz}}\n")
    with pytest.raises(RehearsalError, match="sri:mail has an encrypted member"):
        make_copy(project, tmp_path / "copy", "dev", ENDPOINT)


def test_a_file_that_is_no_yaml_is_named(project: Path, tmp_path: Path) -> None:
    (project / "Pulumi.dev.yaml").write_text("config: [\n")
    with pytest.raises(RehearsalError, match=r"Pulumi\.dev\.yaml is no YAML"):
        make_copy(project, tmp_path / "copy", "dev", ENDPOINT)


@pytest.mark.parametrize("tier", ["dev", "prod"])
def test_the_program_takes_the_copys_configuration_and_builds_no_image(tier: str, tmp_path: Path) -> None:
    copy = make_copy(ROOT, tmp_path / "copy", tier, ENDPOINT)
    settings = {key: value if isinstance(value, str) else json.dumps(value) for key, value in copy.config.items()}
    built, error = build(tier, settings)
    assert error is None
    assert [resource.name for resource in built.resources if resource.type.startswith("docker")] == []


ENDPOINT_OF = {
    "appautoscaling": "appautoscaling", "cloudwatch": "cloudwatch", "cognito": "cognitoidp", "lb": "elbv2",
    "vpc": "ec2", "ec2": "ec2",
}  # fmt: skip
"""Where a module of the SDK and the service's endpoint have different names, or one of several is meant."""


@pytest.mark.parametrize("tier", ["dev", "prod"])
def test_whatever_the_stack_makes_has_an_endpoint(tier: str) -> None:
    kinds = {resource.type for resource in stack(tier).resources if resource.type.startswith("aws:")}
    modules = {kind.split(":")[1].partition("/")[0] for kind in kinds}
    assert {ENDPOINT_OF.get(module, module) for module in modules} <= set(ENDPOINTS)
    assert "logs" in ENDPOINTS  # log groups are in the SDK's module cloudwatch


def test_the_provider_knows_what_it_is_configured_with(tmp_path: Path) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        import pulumi_aws
        from pulumi_aws.config import vars as known

    copy = make_copy(ROOT, tmp_path / "copy", "dev", ENDPOINT)
    settings = {key.removeprefix("aws:") for key in copy.config if key.startswith("aws:")}
    attributes = set(dir(known._ExportableConfig))
    snake = {"".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name) for name in settings}
    assert snake <= attributes
    assert set(ENDPOINTS) <= set(inspect.signature(pulumi_aws.ProviderEndpointArgs.__init__).parameters)
