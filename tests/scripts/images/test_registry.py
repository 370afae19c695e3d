"""A repository over the registries' HTTP API, and the local run's own registry behind it, compared with another."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from scripts.images.errors import ImagesError
from scripts.images.registry import Repository
from tests.support.image_registry import serving
from tests.support.small_images import INDEX, ask, digest_of, manifest_of, put_blob, put_image, put_manifest, upload


@pytest.fixture(scope="module", params=["own", "debian"])
def host(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with serving(request.param, tmp_path_factory.mktemp("registry")) as address:
        yield address


@pytest.fixture(scope="module")
def other(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with serving("own", tmp_path_factory.mktemp("other")) as address:
        yield address


def test_a_tag_that_is_not_there_has_no_digest(host: str) -> None:
    assert Repository(f"{host}/none").digest("1") is None


def test_an_image_has_the_digest_of_its_manifest(host: str) -> None:
    pushed = put_image(f"{host}/sri-dev-data", "1", "a")
    assert Repository(f"{host}/sri-dev-data").digest("1") == pushed
    assert Repository(f"{host}/sri-dev-data").manifest(pushed).digest == pushed


def test_a_copied_image_keeps_its_digest_and_every_byte(host: str, other: str) -> None:
    pushed = put_image(f"{host}/dev/data", "1", "copied")
    source, target = Repository(f"{host}/dev/data"), Repository(f"{other}/prod/data")
    assert target.copy_from(source, "1") == pushed
    assert target.digest("1") == pushed
    assert target.manifest(pushed) == source.manifest(pushed)
    for blob in target.manifest(pushed).blobs:
        assert b"".join(target._download(blob)) == b"".join(source._download(blob))


def test_an_image_can_be_copied_into_any_of_the_registries(host: str, other: str) -> None:
    pushed = put_image(f"{other}/dev/gateway", "1", "back")
    assert Repository(f"{host}/prod/gateway").copy_from(Repository(f"{other}/dev/gateway"), "1") == pushed


def test_an_image_of_several_platforms_is_copied_with_all_of_them(host: str, other: str) -> None:
    name = f"{host}/dev/wide"
    parts = [put_image(name, str(number), f"platform {number}") for number in range(2)]
    sizes = [len(Repository(name).manifest(part).content) for part in parts]
    listed = [
        {"mediaType": "application/vnd.docker.distribution.manifest.v2+json", "size": size, "digest": part}
        for part, size in zip(parts, sizes, strict=True)
    ]
    index = json.dumps({"schemaVersion": 2, "mediaType": INDEX, "manifests": listed}).encode()
    assert put_manifest(name, "all", index, INDEX)[0] == 201
    target = Repository(f"{other}/prod/wide")
    assert target.copy_from(Repository(name), "all") == digest_of(index)
    assert [target.manifest(part).digest for part in parts] == parts


def test_copying_what_is_not_there_says_so(host: str, other: str) -> None:
    with pytest.raises(ImagesError, match=r"/dev/data: GET manifests/none was answered with 404: MANIFEST_UNKNOWN"):
        Repository(f"{other}/prod/data").copy_from(Repository(f"{host}/dev/data"), "none")


def test_a_blob_that_is_not_what_its_digest_says_is_refused(host: str) -> None:
    status, said = upload(f"{host}/a", b"this", digest_of(b"other"))
    assert (status, json.loads(said)["errors"][0]["code"]) == (400, "DIGEST_INVALID")


def test_an_image_of_which_a_part_is_missing_is_refused(host: str) -> None:
    put_blob(f"{host}/parts", b"{}")
    status, said = put_manifest(f"{host}/parts", "1", manifest_of(b"{}", b"never uploaded"))
    code = json.loads(said)["errors"][0]["code"]
    assert (status, code) in ((400, "MANIFEST_BLOB_UNKNOWN"), (404, "BLOB_UNKNOWN"))
    assert Repository(f"{host}/parts").digest("1") is None


def test_no_name_leads_out_of_the_registrys_folder(other: str) -> None:
    for name in ("%2e%2e/%2e%2e/x", "a/..%2f..", "A", "a/../../b"):
        assert ask("GET", other, f"/v2/{name}/manifests/1")[0] == 404
    assert ask("POST", other, "/v2/a/blobs/uploads/?mount=sha256:../../etc/passwd&from=b")[0] == 202


def test_a_registry_that_does_not_answer_is_named() -> None:
    with pytest.raises(ImagesError, match=r"The registry 127.0.0.1:1 does not answer"):
        Repository("127.0.0.1:1/a").manifest("1")


@pytest.mark.parametrize(
    ("url", "scheme"), [("127.0.0.1:5000/a", "http"), ("localhost:5000/a", "http"), ("mirror.example/a", "https")]
)
def test_only_on_this_machine_there_is_no_tls(url: str, scheme: str) -> None:
    assert Repository(url)._root.startswith(f"{scheme}://")
