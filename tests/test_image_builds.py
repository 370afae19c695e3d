"""What goes into an image, and that its name changes exactly when that does."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from image_builds import (
    KEPT_FOLDERS,
    BuildContext,
    CpuArchitecture,
    ImageBuild,
    ImageSources,
    image_build,
)
from services import catalog

ROOT = Path(__file__).resolve().parents[1]
X86 = CpuArchitecture.X86_64


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A small project with two services."""
    (tmp_path / ".dockerignore").write_text("*\n!services\n**/__pycache__\n**/*.pyc\n**/dist\n")
    (tmp_path / "constraints.txt").write_text("-c services/constraints.txt\npytest==1\n")
    files = ("__init__.py", "catalog.py", "Dockerfile", "shared/app.py", "mail/__main__.py", "data/__main__.py")
    for file in ("constraints.txt", *files):
        path = tmp_path / "services" / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"# {file}\n")
    return tmp_path


def tags(project: Path) -> dict[str, str]:
    return {service: image_build(project, service, X86).tag for service in ("mail", "data")}


def changed(project: Path, before: dict[str, str]) -> set[str]:
    """The services whose image has another name than before."""
    return {service for service, tag in tags(project).items() if tag != before[service]}


def mail(project: Path) -> ImageBuild:
    return image_build(project, "mail", X86)


def test_a_context_holds_the_service_what_all_share_and_nothing_else(project: Path) -> None:
    (project / "services/mail/__pycache__").mkdir()
    (project / "services/mail/__pycache__/app.pyc").write_text("x")
    assert mail(project).context.files == (
        "services/Dockerfile",
        "services/__init__.py",
        "services/catalog.py",
        "services/constraints.txt",
        "services/mail/__main__.py",
        "services/shared/app.py",
    )


def test_a_change_in_one_service_rebuilds_that_one_alone(project: Path) -> None:
    before = tags(project)
    (project / "services/mail/__main__.py").write_text("changed")
    assert changed(project, before) == {"mail"}


@pytest.mark.parametrize("file", ["shared/app.py", "Dockerfile", "constraints.txt", "catalog.py", "shared/new.py"])
def test_a_change_in_what_all_share_rebuilds_all(project: Path, file: str) -> None:
    before = tags(project)
    (project / "services" / file).write_text("changed")
    assert changed(project, before) == {"mail", "data"}


def test_a_version_that_no_image_holds_rebuilds_nothing(project: Path) -> None:
    before = tags(project)
    (project / "constraints.txt").write_text("-c services/constraints.txt\npytest==2\n")
    assert changed(project, before) == set()


def test_a_new_file_and_another_name_are_another_content(project: Path) -> None:
    found = {mail(project).tag}
    (project / "services/mail/new.py").write_text("")
    found.add(mail(project).tag)
    (project / "services/mail/new.py").rename(project / "services/mail/newer.py")
    found.add(mail(project).tag)
    assert len(found) == 3


def test_an_executable_file_is_another_content_but_the_umask_is_not(project: Path) -> None:
    file = project / "services/mail/__main__.py"
    file.chmod(0o644)
    before = mail(project).tag
    file.chmod(0o600)
    assert mail(project).tag == before
    file.chmod(0o755)
    assert mail(project).tag != before


def test_times_and_what_is_ignored_change_nothing(project: Path) -> None:
    before = tags(project)
    os.utime(project / "services/mail/__main__.py", (1, 1))
    (project / "services/mail/dist").mkdir()
    (project / "services/mail/dist/app.js").write_text("built")
    assert changed(project, before) == set()


def test_the_order_in_which_a_folder_lists_its_files_changes_nothing(project: Path, tmp_path: Path) -> None:
    names = ("b", "a", "c")
    for name in names:
        (project / "services/mail" / name).write_text(name)
    before = mail(project).tag
    for name in names:
        (project / "services/mail" / name).unlink()
    for name in reversed(names):
        (project / "services/mail" / name).write_text(name)
    assert mail(project).tag == before
    assert list(mail(project).context.files) == sorted(mail(project).context.files)


def test_another_platform_is_another_content(project: Path) -> None:
    other = image_build(project, "mail", CpuArchitecture.ARM64)
    assert (other.platform, mail(project).platform) == ("linux/arm64", "linux/amd64")
    assert other.tag != mail(project).tag


def test_another_base_image_is_another_content(project: Path) -> None:
    pinned = image_build(project, "mail", X86, ImageSources(python="mirror.example/python@sha256:1"))
    assert pinned.arguments["BASE_IMAGE"] == "mirror.example/python@sha256:1"
    assert pinned.tag != mail(project).tag


def test_two_contents_that_read_alike_in_a_row_are_two_contents(project: Path) -> None:
    (project / "services/mail/a").write_text("bc")
    before = mail(project).tag
    (project / "services/mail/a").unlink()
    (project / "services/mail/ab").write_text("c")
    assert mail(project).tag != before


def test_the_staged_folder_holds_exactly_the_files_that_were_hashed(project: Path) -> None:
    (project / "services/mail/__main__.py").chmod(0o750)
    build = mail(project)
    staged = project / build.stage()
    assert staged == project / ".local/images/mail" / build.tag
    found = sorted(path.relative_to(staged).as_posix() for path in staged.rglob("*") if path.is_file())
    assert tuple(found) == build.context.files
    again = BuildContext(root=staged, files=build.context.files, settings=build.context.settings)
    assert again.digest == build.context.digest
    assert (staged / "services/mail/__main__.py").stat().st_mode & 0o777 == 0o755
    assert project / build.stage() == staged
    assert [path.name for path in staged.parent.iterdir()] == [staged.name]


def test_old_folders_are_forgotten(project: Path) -> None:
    for number in range(KEPT_FOLDERS + 3):
        (project / "services/mail/__main__.py").write_text(f"{number}")
        newest = project / mail(project).stage()
        os.utime(newest, (number, number))
    assert len(list(newest.parent.iterdir())) == KEPT_FOLDERS
    assert newest.exists()


def test_a_service_without_a_folder_is_refused_by_name(project: Path) -> None:
    with pytest.raises(FileNotFoundError, match="services/post does not exist; the image of service 'post' needs it"):
        image_build(project, "post", X86)


def test_an_image_holds_no_other_service_and_nothing_built_here() -> None:
    others = [f"services/{service.name}/" for service in catalog.SERVICES if service.name != "gateway"]
    files = image_build(ROOT, "gateway", X86).context.files
    assert not [file for file in files if any(file.startswith(other) for other in others)]
    assert not [file for file in files if "__pycache__" in file or "node_modules" in file or ".env" in file]


def test_a_service_with_a_web_app_is_built_with_it() -> None:
    assert {s.name: image_build(ROOT, s.name, X86).target for s in catalog.SERVICES} == {
        "gateway": "service",
        "identity": "service",
        "data": "service",
        "frontend": "web",
    }


def test_the_labels_say_where_an_image_comes_from_without_a_new_one_for_each_commit(project: Path) -> None:
    labelled = image_build(project, "mail", X86, repository="owner/name")
    assert labelled.arguments == {
        "SERVICE": "mail",
        "SOURCE": "https://github.com/owner/name",
        "REVISION": labelled.tag,
    }
