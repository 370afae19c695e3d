"""Small images without an engine, put into a registry the plain way. Standard library alone: it loads at once."""

from __future__ import annotations

import hashlib
import json
from http.client import HTTPConnection
from urllib.parse import urlsplit

KIND = "application/vnd.docker.distribution.manifest.v2+json"
INDEX = "application/vnd.oci.image.index.v1+json"


def digest_of(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def ask(method: str, host: str, path: str, body: bytes = b"", kind: str = "") -> tuple[int, bytes, str]:
    """Status, content and Location of an answer. The path is sent as it is."""
    connection = HTTPConnection(host, timeout=20)
    connection.request(method, path, body=body, headers={"Content-Type": kind} if kind else {})
    answer = connection.getresponse()
    found = answer.status, answer.read(), answer.headers.get("Location", "")
    connection.close()
    return found


def upload(repository: str, content: bytes, digest: str) -> tuple[int, bytes]:
    """Upload a blob under a digest; how that was answered."""
    host, _, name = repository.partition("/")
    place = urlsplit(ask("POST", host, f"/v2/{name}/blobs/uploads/")[2])
    query = "&".join(part for part in (place.query, f"digest={digest}") if part)
    return ask("PUT", host, f"{place.path}?{query}", content)[:2]


def put_blob(repository: str, content: bytes) -> str:
    """Upload a blob; its digest."""
    status, said = upload(repository, content, digest_of(content))
    assert status == 201, said
    return digest_of(content)


def put_manifest(repository: str, reference: str, content: bytes, kind: str = KIND) -> tuple[int, bytes]:
    host, _, name = repository.partition("/")
    return ask("PUT", host, f"/v2/{name}/manifests/{reference}", content, kind)[:2]


def manifest_of(config: bytes, *layers: bytes) -> bytes:
    def part(content: bytes, kind: str) -> dict[str, object]:
        return {"mediaType": kind, "size": len(content), "digest": digest_of(content)}

    return json.dumps(
        {
            "schemaVersion": 2,
            "mediaType": KIND,
            "config": part(config, "application/vnd.docker.container.image.v1+json"),
            "layers": [part(layer, "application/vnd.docker.image.rootfs.diff.tar.gzip") for layer in layers],
        }
    ).encode()


def put_image(repository: str, tag: str, content: str) -> str:
    """A small image without an engine; its digest."""
    config, layers = b'{"architecture": "amd64", "os": "linux"}', (content.encode() * 1000, b"common")
    for blob in (config, *layers):
        put_blob(repository, blob)
    manifest = manifest_of(config, *layers)
    assert put_manifest(repository, tag, manifest)[0] == 201
    return digest_of(manifest)
