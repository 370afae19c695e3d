"""What goes into an image, and that its name changes exactly when that does."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from components.build_context import KEPT_FOLDERS, BuildContext, service_context
from services import catalog
from tests.support.stacks import ROOT, stack

SETTINGS = {"platform": "linux/amd64", "target": "service"}


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A small project with two services."""
    (tmp_path / ".dockerignore").write_text("*\n!services\n**/__pycache__\n**/*.pyc\n**/dist\n")
    (tmp_path / "constraints.txt").write_text("fastapi==1\n")
    for file in ("__init__.py", "catalog.py", "Dockerfile", "shared/app.py", "mail/__main__.py", "data/__main__.py"):
        path = tmp_path / "services" / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"# {file}\n")
    return tmp_path


def mail(project: Path) -> BuildContext:
    return service_context(project, "mail", SETTINGS)


def test_a_context_holds_the_service_what_all_share_and_nothing_else(project: Path) -> None:
    (project / "services/mail/__pycache__").mkdir()
    (project / "services/mail/__pycache__/app.pyc").write_text("x")
    assert mail(project).files == (
        "constraints.txt",
        "services/Dockerfile",
        "services/__init__.py",
        "services/catalog.py",
        "services/mail/__main__.py",
        "services/shared/app.py",
    )


@pytest.mark.parametrize(
    "file", ["services/mail/__main__.py", "services/shared/app.py", "services/Dockerfile", "constraints.txt"]
)
def test_another_content_is_another_digest(project: Path, file: str) -> None:
    before = mail(project).digest
    (project / file).write_text("changed")
    assert mail(project).digest != before


def test_a_new_file_and_another_name_are_another_digest(project: Path) -> None:
    digests = {mail(project).digest}
    (project / "services/mail/new.py").write_text("")
    digests.add(mail(project).digest)
    (project / "services/mail/new.py").rename(project / "services/mail/newer.py")
    digests.add(mail(project).digest)
    assert len(digests) == 3


def test_an_executable_file_is_another_digest_but_the_umask_is_not(project: Path) -> None:
    file = project / "services/mail/__main__.py"
    file.chmod(0o644)
    before = mail(project).digest
    file.chmod(0o600)
    assert mail(project).digest == before
    file.chmod(0o755)
    assert mail(project).digest != before


def test_times_another_service_and_what_is_ignored_change_nothing(project: Path) -> None:
    before = mail(project).digest
    os.utime(project / "services/mail/__main__.py", (1, 1))
    (project / "services/data/__main__.py").write_text("changed")
    (project / "services/mail/dist").mkdir()
    (project / "services/mail/dist/app.js").write_text("built")
    assert mail(project).digest == before


def test_another_platform_is_another_digest(project: Path) -> None:
    other = service_context(project, "mail", {**SETTINGS, "platform": "linux/arm64"})
    assert other.digest != mail(project).digest


def test_two_contents_that_read_alike_in_a_row_are_two_digests(project: Path) -> None:
    (project / "services/mail/a").write_text("bc")
    before = mail(project).digest
    (project / "services/mail/a").unlink()
    (project / "services/mail/ab").write_text("c")
    assert mail(project).digest != before


def test_the_staged_folder_holds_exactly_the_files_that_were_hashed(project: Path) -> None:
    context = mail(project)
    (project / "services/mail/__main__.py").chmod(0o750)
    context = mail(project)
    staged = context.stage(project / ".local/images/mail")
    assert staged.name == context.tag
    found = sorted(path.relative_to(staged).as_posix() for path in staged.rglob("*") if path.is_file())
    assert tuple(found) == context.files
    assert BuildContext(root=staged, files=context.files, settings=SETTINGS).digest == context.digest
    assert (staged / "services/mail/__main__.py").stat().st_mode & 0o777 == 0o755
    assert context.stage(project / ".local/images/mail") == staged
    assert [path.name for path in staged.parent.iterdir()] == [staged.name]


def test_old_folders_are_forgotten(project: Path) -> None:
    staging = project / ".local/images/mail"
    for number in range(KEPT_FOLDERS + 3):
        (project / "services/mail/__main__.py").write_text(f"{number}")
        newest = mail(project).stage(staging)
        os.utime(newest, (number, number))
    assert len(list(staging.iterdir())) == KEPT_FOLDERS
    assert newest.exists()


def test_a_service_without_a_folder_is_refused_by_name(project: Path) -> None:
    with pytest.raises(FileNotFoundError, match="services/post does not exist; the image of service 'post' needs it"):
        service_context(project, "post", SETTINGS)


def test_every_image_is_tagged_with_the_digest_of_its_own_files() -> None:
    for image in stack("dev").of_type("image:Image"):
        service = image.inputs["build"]["args"]["SERVICE"]
        target = "web" if service == "frontend" else "service"
        assert image.inputs["build"]["target"] == target
        staged = ROOT / image.inputs["build"]["context"]
        files = tuple(sorted(path.relative_to(staged).as_posix() for path in staged.rglob("*") if path.is_file()))
        tag = BuildContext(root=staged, files=files, settings={"platform": "linux/amd64", "target": target}).tag
        assert image.inputs["imageName"].endswith(f"/sri-dev-{service}:{tag}")
        assert image.inputs["build"]["context"] == f".local/images/{service}/{tag}"
        assert image.inputs["build"]["dockerfile"] == f"{image.inputs['build']['context']}/services/Dockerfile"


def test_an_image_holds_no_other_service_and_nothing_built_here() -> None:
    others = [f"services/{service.name}/" for service in catalog.SERVICES if service.name != "gateway"]
    files = service_context(ROOT, "gateway", SETTINGS).files
    assert not [file for file in files if any(file.startswith(other) for other in others)]
    assert not [file for file in files if "__pycache__" in file or "node_modules" in file or ".env" in file]


@pytest.mark.parametrize("tier", ["dev", "prod", "local"])
def test_the_registrys_password_is_a_secret(tier: str) -> None:
    for image in stack(tier).of_type("image:Image"):
        assert "registry" in image.secret_inputs


@pytest.mark.parametrize(("tier", "force"), [("dev", True), ("prod", False), ("local", True)])
def test_repositories_keep_tags_scan_and_outlive_prod(tier: str, force: bool) -> None:
    repositories = stack(tier).of_type("ecr/repository:Repository")
    assert len(repositories) == len(catalog.SERVICES)
    for repository in repositories:
        assert repository.inputs["imageTagMutability"] == "IMMUTABLE"
        assert repository.inputs["imageScanningConfiguration"] == {"scanOnPush": True}
        assert repository.inputs["forceDelete"] is force


def test_repositories_forget_untagged_images_and_keep_the_newest_fifty() -> None:
    for policy in stack("prod").of_type("ecr/lifecyclePolicy:LifecyclePolicy"):
        selections = [rule["selection"] for rule in json.loads(policy.inputs["policy"])["rules"]]
        assert selections == [
            {"tagStatus": "untagged", "countType": "sinceImagePushed", "countUnit": "days", "countNumber": 7},
            {"tagStatus": "any", "countType": "imageCountMoreThan", "countNumber": 50},
        ]


def test_given_digests_are_deployed_and_nothing_is_built() -> None:
    digest = f"sha256:{'a' * 64}"
    built = stack("dev", image_digests={service.name: digest for service in catalog.SERVICES})
    assert built.of_type("image:Image") == []
    assert "getAuthorizationToken" not in str(built.calls)
    assert {c.definition["image"].partition("@")[2] for c in built.containers()} == {digest}
