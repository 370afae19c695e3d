"""The workflows are sound, ask for nothing more than they need, and every command in them is one that exists."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.support.stacks import stack

ROOT = Path(__file__).resolve().parents[2]
GITHUB = ROOT / ".github"
TOOLS = Path(sys.executable).parent
FILES = sorted([*GITHUB.glob("workflows/*.yml"), *GITHUB.glob("actions/*/action.yml")])
WORKFLOWS = [path for path in FILES if path.parent.name == "workflows"]


def loaded(path: Path) -> dict[str, Any]:
    """The document; YAML 1.1 reads the key `on` as true."""
    document: dict[Any, Any] = yaml.safe_load(path.read_text())
    return {"on" if key is True else key: value for key, value in document.items()}


def jobs() -> Iterator[tuple[str, dict[str, Any]]]:
    for path in WORKFLOWS:
        for name, job in loaded(path)["jobs"].items():
            yield f"{path.name} {name}", job


def steps() -> Iterator[dict[str, Any]]:
    for _, job in jobs():
        yield from job.get("steps", [])
    for path in FILES:
        yield from loaded(path).get("runs", {}).get("steps", [])


def own_jobs() -> list[tuple[str, dict[str, Any]]]:
    """Those that do something themselves, rather than call another workflow."""
    return [(name, job) for name, job in jobs() if "uses" not in job]


def test_actionlint_has_nothing_to_say() -> None:
    beside = TOOLS / "actionlint"
    tool = str(beside) if beside.exists() else shutil.which("actionlint")
    if tool is None:
        pytest.skip("no actionlint is here: `make workflows` builds it where there is Go")
    run = subprocess.run([tool, *map(str, WORKFLOWS)], cwd=ROOT, capture_output=True, text=True, check=False)
    assert (run.returncode, run.stdout) == (0, "")


def test_zizmor_has_nothing_to_say_even_at_its_most_pedantic() -> None:
    command = [str(TOOLS / "zizmor"), "--offline", "--persona=pedantic", "--no-progress", "--quiet", str(GITHUB)]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout


def test_every_action_is_pinned_by_its_commit_with_its_version_beside() -> None:
    used = [
        line.strip() for path in FILES for line in path.read_text().splitlines() if re.match(r"\s*(- )?uses: ", line)
    ]
    foreign = [line for line in used if "uses: ./" not in line]
    assert foreign
    pinned = re.compile(r"(- )?uses: [\w-]+/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+")
    assert [line for line in foreign if not pinned.fullmatch(line)] == []


def test_no_action_is_used_in_two_versions() -> None:
    text = "\n".join(path.read_text() for path in FILES)
    versions: dict[str, set[str]] = {}
    for name, commit in re.findall(r"uses: ([\w/-]+)@(\S+ # \S+)", text):
        versions.setdefault(name, set()).add(commit)
    assert {name: found for name, found in versions.items() if len(found) > 1} == {}


def test_a_workflow_may_nothing_and_each_job_says_what_it_needs() -> None:
    assert [path.name for path in WORKFLOWS if loaded(path)["permissions"] != {}] == []
    assert [name for name, job in jobs() if "permissions" not in job] == []
    written = {
        (name, right) for name, job in own_jobs() for right, level in job["permissions"].items() if level == "write"
    }
    assert written == {
        ("deploy.yml deploy", "id-token"),
        ("nightly.yml issue", "issues"),
        ("nightly.yml look", "id-token"),
        ("pull-request.yml comment", "pull-requests"),
        ("pull-request.yml preview", "id-token"),
    }


def test_every_job_ends_by_itself() -> None:
    assert [name for name, job in own_jobs() if not 0 < job.get("timeout-minutes", 0) <= 60] == []


def test_a_deployment_ends_before_its_machine_is_taken() -> None:
    (job,) = [job for name, job in own_jobs() if name == "deploy.yml deploy"]
    (line,) = [
        step["run"] for step in job["steps"] if "scripts.deploy" in step.get("run", "") and "--digests" in step["run"]
    ]
    (limit,) = re.findall(r"--timeout (\d+)", line)
    assert int(limit) + 15 <= job["timeout-minutes"]


def test_a_deployment_is_never_cancelled_and_runs_alone() -> None:
    (job,) = [job for name, job in own_jobs() if name == "deploy.yml deploy"]
    assert job["concurrency"] == {"group": "deploy-${{ inputs.stack }}", "cancel-in-progress": False}
    cancelling = [path.name for path in WORKFLOWS if loaded(path).get("concurrency", {}).get("cancel-in-progress")]
    assert cancelling == ["pull-request.yml"]
    assert [name for name, job in jobs() if job.get("concurrency", {}).get("cancel-in-progress")] == []


def test_nobody_uses_a_stored_secret() -> None:
    assert [path.name for path in FILES if "secrets." in path.read_text() or "secrets:" in path.read_text()] == []


def test_a_forks_pull_request_gets_no_way_into_aws() -> None:
    assert [path.name for path in WORKFLOWS if "pull_request_target" in loaded(path)["on"]] == []
    with_token = [name for name, job in own_jobs() if job["permissions"].get("id-token") and "pull-request" in name]
    assert with_token == ["pull-request.yml preview"]
    (preview,) = [job for name, job in own_jobs() if name == "pull-request.yml preview"]
    assert "github.event.pull_request.head.repo.full_name == github.repository" in preview["if"]


def test_prod_is_deployed_after_dev_with_dev_s_images() -> None:
    deliver = loaded(GITHUB / "workflows" / "deliver.yml")["jobs"]
    assert deliver["dev"]["with"]["stack"] == "dev"
    assert "from" not in deliver["dev"]["with"]
    assert deliver["prod"]["needs"] == ["dev"]
    assert (deliver["prod"]["with"]["stack"], deliver["prod"]["with"]["from"]) == ("prod", "dev")


def test_no_expression_is_written_into_a_command() -> None:
    assert [step["run"] for step in steps() if "${{" in step.get("run", "")] == []


def test_the_roles_that_jobs_take_on_are_those_that_the_stack_makes() -> None:
    named = {
        re.sub(r"\$\{\{ .*?stack \}\}", "*", step["with"]["role-to-assume"].rpartition("/")[2])
        for step in steps()
        if "configure-aws-credentials" in step.get("uses", "")
    }
    built = stack("prod", github_repository="owner/name")
    made = {role.inputs["name"] for role in built.of_type("iam/role:Role") if "name" in role.inputs}
    assert made == {"sri-prod-plan", "sri-prod-drift", "sri-prod-deploy"}
    assert named == {"sri-*-plan", "sri-*-deploy", "sri-dev-drift", "sri-prod-drift"}


def test_the_environment_that_deploys_is_the_one_that_the_role_trusts() -> None:
    (job,) = [job for name, job in own_jobs() if name == "deploy.yml deploy"]
    assert job["environment"] == "${{ inputs.stack }}"
    role = stack("prod", github_repository="owner/name").one("iam/role:Role", "sri-prod-deploy")
    assert '"repo:owner/name:environment:prod"' in role.inputs["assumeRolePolicy"]
    deployed = {job["with"]["stack"] for _, job in jobs() if str(job.get("uses", "")).endswith("/deploy.yml")}
    assert deployed == {"dev", "prod"}


def test_the_pulumi_cli_is_of_the_version_of_the_programs_package() -> None:
    text = (GITHUB / "actions" / "setup" / "action.yml").read_text()
    pinned = re.findall(r"^pulumi==(\S+)$", (ROOT / "constraints.txt").read_text(), re.MULTILINE)
    assert re.findall(r"pulumi-version: (\S+)", text) == pinned
