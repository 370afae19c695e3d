"""One repository of images, over the registries' HTTP API (OCI Distribution Specification 1.1).

ECR, a registry of one's own and the local run's all speak it, so there is one way to ask whether an image is there
and to take it over to another registry byte by byte, which keeps its digest.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urljoin, urlsplit

import urllib3

from scripts.images.errors import ImagesError

_MANIFESTS = (
    "application/vnd.oci.image.index.v1+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
    "application/vnd.oci.image.manifest.v1+json",
    "application/vnd.docker.distribution.manifest.v2+json",
)
_DIGEST = "Docker-Content-Digest"
_CHUNK_BYTES = 1 << 20
_TIMEOUT = urllib3.Timeout(connect=10, read=120)


@dataclass(frozen=True, kw_only=True)
class Manifest:
    """What an image consists of, as the very bytes whose SHA-256 is its digest."""

    media_type: str
    content: bytes

    @property
    def digest(self) -> str:
        """The image's name wherever it is."""
        return f"sha256:{hashlib.sha256(self.content).hexdigest()}"

    @property
    def blobs(self) -> tuple[str, ...]:
        """The digests of its configuration and layers; none for an index of other manifests."""
        said = self._said()
        parts = [said["config"], *said.get("layers", [])] if "config" in said else []
        return tuple(dict.fromkeys(part["digest"] for part in parts))

    @property
    def manifests(self) -> tuple[str, ...]:
        """The digests of the manifests that an index names, one for each platform."""
        return tuple(part["digest"] for part in self._said().get("manifests", []))

    def _said(self) -> dict[str, Any]:
        said: dict[str, Any] = json.loads(self.content)
        return said


class Repository:
    """`url`: host/name, as in an image's reference; `authorization`: the header's value, "" where none is needed."""

    def __init__(self, url: str, authorization: str = "") -> None:
        self.url = url
        self.host, _, name = url.partition("/")
        # As the docker command does it: TLS everywhere but on this machine.
        scheme = "http" if self.host.partition(":")[0] in ("127.0.0.1", "localhost") else "https"
        self._root = f"{scheme}://{self.host}/v2/{name}/"
        self._headers = {"Authorization": authorization} if authorization else {}
        self._pool = urllib3.PoolManager(timeout=_TIMEOUT, retries=urllib3.Retry(3, status_forcelist=[502, 503, 504]))

    def digest(self, tag: str) -> str | None:
        """The digest of the image of that tag; None if there is none."""
        answer = self._ask("HEAD", f"manifests/{tag}", accepted=(200, 404), headers={"Accept": ", ".join(_MANIFESTS)})
        if answer.status == 404:
            return None
        return answer.headers.get(_DIGEST) or self.manifest(tag).digest

    def manifest(self, reference: str) -> Manifest:
        """The manifest of a tag or a digest. ImagesError if there is none, or another than its digest says."""
        answer = self._ask("GET", f"manifests/{reference}", headers={"Accept": ", ".join(_MANIFESTS)})
        found = Manifest(media_type=answer.headers["Content-Type"], content=answer.data)
        if reference.startswith("sha256:") and found.digest != reference:
            raise ImagesError(f"{self.url}@{reference} is not what its digest says: do not trust this registry.")
        return found

    def copy_from(self, source: Repository, tag: str) -> str:
        """Take over the image that `source` calls `tag`, under the same tag; its digest, which stays the same."""
        manifest = source.manifest(tag)
        self._copy_parts(source, manifest)
        self._put(tag, manifest)
        return manifest.digest

    def _copy_parts(self, source: Repository, manifest: Manifest) -> None:
        for digest in manifest.manifests:
            part = source.manifest(digest)
            self._copy_parts(source, part)
            self._put(digest, part)
        for digest in manifest.blobs:
            if not self._has_blob(digest):
                self._upload(digest, source._download(digest))

    def _has_blob(self, digest: str) -> bool:
        return self._ask("HEAD", f"blobs/{digest}", accepted=(200, 404)).status == 200

    def _download(self, digest: str) -> Iterator[bytes]:
        answer = self._ask("GET", f"blobs/{digest}", stream=True)
        try:
            yield from answer.stream(_CHUNK_BYTES, decode_content=False)
        finally:
            answer.release_conn()

    def _upload(self, digest: str, content: Iterator[bytes]) -> None:
        """In three steps, which every registry knows; the last one has the registry check the digest."""
        begun = self._ask("POST", "blobs/uploads/", accepted=(202,))
        binary = {"Content-Type": "application/octet-stream"}
        sent = self._ask("PATCH", self._location(begun), accepted=(202,), headers=binary, body=content)
        place = self._location(sent)
        mark = "&" if urlsplit(place).query else "?"
        self._ask("PUT", f"{place}{mark}digest={digest}", accepted=(201,))

    def _put(self, reference: str, manifest: Manifest) -> None:
        kind = {"Content-Type": manifest.media_type}
        self._ask("PUT", f"manifests/{reference}", accepted=(201,), headers=kind, body=manifest.content)

    def _location(self, answer: urllib3.BaseHTTPResponse) -> str:
        place = urljoin(self._root, answer.headers["Location"])
        if urlsplit(place).netloc != self.host:  # the authorization goes there
            raise ImagesError(
                f"{self.host} sends uploads elsewhere, to {urlsplit(place).netloc}: nothing was sent there."
            )
        return place

    def _ask(
        self,
        method: str,
        path: str,
        *,
        accepted: tuple[int, ...] = (200,),
        headers: Mapping[str, str] | None = None,
        body: bytes | Iterator[bytes] | None = None,
        stream: bool = False,
    ) -> urllib3.BaseHTTPResponse:
        """One request; ImagesError for any other status. A redirect to another host loses the authorization."""
        try:
            answer = self._pool.request(
                method,
                urljoin(self._root, path),
                headers={**self._headers, **(headers or {})},
                body=body,
                preload_content=not stream,
                retries=False if isinstance(body, Iterator) else None,
            )
        except urllib3.exceptions.HTTPError as error:
            raise ImagesError(f"The registry {self.host} does not answer: {error}") from error
        if answer.status not in accepted:
            raise ImagesError(f"{self.url}: {method} {path.partition('?')[0]} was answered with {_reason(answer)}")
        return answer


def _reason(answer: urllib3.BaseHTTPResponse) -> str:
    """The status, and what the registry says about it (`errors` of the specification)."""
    try:
        said = "; ".join(f"{error['code']} {error.get('message', '')}".strip() for error in answer.json()["errors"])
    except (ValueError, KeyError, TypeError):
        said = answer.data[:200].decode(errors="replace").strip()
    hint = " (sign in with credentials that may use this registry)" if answer.status in (401, 403) else ""
    return f"{answer.status}{hint}: {said}" if said else f"{answer.status}{hint}"
