"""A registry of images on this machine, for `--docker`: `python -m scripts.local.image_registry PORT FOLDER`.

As much of the OCI Distribution Specification 1.1 as pushing, pulling and copying take, over plain files, so that the
local run needs no registry's image from the internet. It listens on 127.0.0.1, where engines ask for no TLS.
"""

from __future__ import annotations

import hashlib
import json
import secrets
import sys
from pathlib import Path

from aiohttp import web

from scripts.local.ports import Ports
from scripts.local.processes import HOST, Command, base_environment
from scripts.local.state import REPOSITORY

_NAME = r"{name:[a-z0-9]+(?:[._/-][a-z0-9]+)*}"
_DIGEST = r"{digest:sha256:[0-9a-f]{64}}"
_REFERENCE = r"{reference:sha256:[0-9a-f]{64}|\w[\w.-]{0,127}}"
_CHUNK_BYTES = 1 << 20
_LARGEST_MANIFEST = 4 << 20


class ImageRegistry:
    """`folder` holds the blobs by digest, shared by all repositories, and the tags of each."""

    def __init__(self, folder: Path) -> None:
        self._blobs, self._tags, self._uploads = folder / "blobs", folder / "tags", folder / "uploads"
        for part in (self._blobs, self._tags, self._uploads):
            part.mkdir(parents=True, exist_ok=True)
        for left in self._uploads.iterdir():  # by a run that was killed
            left.unlink()

    def application(self) -> web.Application:
        """The HTTP API."""
        app = web.Application(client_max_size=_LARGEST_MANIFEST)
        app.add_routes(
            [
                web.get("/v2/", self.answer),
                web.get(f"/v2/{_NAME}/blobs/{_DIGEST}", self.blob),
                web.post(f"/v2/{_NAME}/blobs/uploads/", self.begin),
                web.patch(f"/v2/{_NAME}/blobs/uploads/{{upload:[0-9a-f]{{32}}}}", self.go_on),
                web.put(f"/v2/{_NAME}/blobs/uploads/{{upload:[0-9a-f]{{32}}}}", self.end),
                web.get(f"/v2/{_NAME}/manifests/{_REFERENCE}", self.manifest),
                web.put(f"/v2/{_NAME}/manifests/{_REFERENCE}", self.put_manifest),
            ]
        )
        return app

    async def answer(self, _request: web.Request) -> web.Response:
        """Whether this is a registry."""
        return web.json_response({}, headers={"Docker-Distribution-Api-Version": "registry/2.0"})

    async def blob(self, request: web.Request) -> web.StreamResponse:
        """A layer or a configuration."""
        digest = request.match_info["digest"]
        path = self._blob(digest)
        if not path.exists():
            raise _refusal(web.HTTPNotFound, "BLOB_UNKNOWN")
        kind = {"Content-Type": "application/octet-stream", "Docker-Content-Digest": digest}
        return web.FileResponse(path, headers=kind)

    async def begin(self, request: web.Request) -> web.Response:
        """A new upload; none for a blob that another repository has."""
        mounted = request.query.get("mount", "")
        name = request.match_info["name"]
        if mounted.startswith("sha256:") and self._blob(mounted).exists():
            return web.Response(status=201, headers=self._stored(f"/v2/{name}/blobs/{mounted}", mounted))
        upload = secrets.token_hex(16)
        (self._uploads / upload).touch()
        return self._begun(name, upload)

    async def go_on(self, request: web.Request) -> web.Response:
        """A piece of an upload, in order."""
        await self._append(request)
        return self._begun(request.match_info["name"], request.match_info["upload"])

    async def end(self, request: web.Request) -> web.Response:
        """The end of an upload: kept if it is what its digest says."""
        path = await self._append(request)
        digest = request.query.get("digest", "")
        with path.open("rb") as content:
            found = f"sha256:{hashlib.file_digest(content, 'sha256').hexdigest()}"
        if found != digest:
            path.unlink()
            raise _refusal(web.HTTPBadRequest, "DIGEST_INVALID")
        path.rename(self._blob(digest))
        place = f"/v2/{request.match_info['name']}/blobs/{digest}"
        return web.Response(status=201, headers=self._stored(place, digest))

    async def manifest(self, request: web.Request) -> web.Response:
        """What an image consists of, by tag or digest."""
        name, reference = request.match_info["name"], request.match_info["reference"]
        noted = self._tag(name, reference)
        if not noted.exists():
            raise _refusal(web.HTTPNotFound, "MANIFEST_UNKNOWN")
        found = json.loads(noted.read_text())
        content = self._blob(found["digest"]).read_bytes()
        return web.Response(
            body=content, headers={"Content-Type": found["type"], "Docker-Content-Digest": found["digest"]}
        )

    async def put_manifest(self, request: web.Request) -> web.Response:
        """Give an image its tag. What it consists of must be here, and a digest must be its own."""
        name, reference = request.match_info["name"], request.match_info["reference"]
        content = await request.read()
        digest = f"sha256:{hashlib.sha256(content).hexdigest()}"
        if reference.startswith("sha256:") and reference != digest:
            raise _refusal(web.HTTPBadRequest, "DIGEST_INVALID")
        try:
            said = json.loads(content)
            parts = [
                *said.get("layers", []),
                *said.get("manifests", []),
                *([said["config"]] if "config" in said else []),
            ]
            missing = [part["digest"] for part in parts if not self._blob(part["digest"]).exists()]
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise _refusal(web.HTTPBadRequest, "MANIFEST_INVALID") from error
        if missing:
            raise _refusal(web.HTTPBadRequest, "MANIFEST_BLOB_UNKNOWN")
        self._blob(digest).write_bytes(content)
        for each in (reference, digest):
            noted = self._tag(name, each)
            noted.parent.mkdir(parents=True, exist_ok=True)
            noted.write_text(json.dumps({"digest": digest, "type": request.content_type}))
        return web.Response(status=201, headers=self._stored(f"/v2/{name}/manifests/{digest}", digest))

    async def _append(self, request: web.Request) -> Path:
        path = self._uploads / request.match_info["upload"]
        if not path.exists():
            raise _refusal(web.HTTPNotFound, "BLOB_UPLOAD_UNKNOWN")
        with path.open("ab") as file:
            async for chunk in request.content.iter_chunked(_CHUNK_BYTES):
                file.write(chunk)
        return path

    def _begun(self, name: str, upload: str) -> web.Response:
        size = (self._uploads / upload).stat().st_size
        place = {"Location": f"/v2/{name}/blobs/uploads/{upload}", "Docker-Upload-UUID": upload}
        return web.Response(status=202, headers={**place, "Range": f"0-{max(size - 1, 0)}"})

    def _stored(self, place: str, digest: str) -> dict[str, str]:
        return {"Location": place, "Docker-Content-Digest": digest}

    def _blob(self, digest: str) -> Path:
        return self._blobs / digest.rpartition(":")[2].replace("/", "")

    def _tag(self, name: str, reference: str) -> Path:
        return self._tags / name.replace("/", "!") / reference.replace(":", "-")


def _refusal(kind: type[web.HTTPError], code: str) -> web.HTTPError:
    """An error as the specification has it."""
    return kind(text=json.dumps({"errors": [{"code": code, "message": code.lower().replace("_", " ")}]}))


def address(ports: Ports) -> str:
    """Host and port, as image references begin."""
    return f"{HOST}:{ports.registry}"


def command(port: int, folder: Path) -> Command:
    """The registry on `port`, which keeps its images in `folder`."""
    argv = [sys.executable, "-m", "scripts.local.image_registry", str(port), str(folder)]
    return Command(argv=argv, env=base_environment(), cwd=REPOSITORY)


def main(port: int, folder: Path) -> None:
    """Serve until told to stop."""
    web.run_app(ImageRegistry(folder).application(), host=HOST, port=port, print=lambda *_: None)


if __name__ == "__main__":
    main(int(sys.argv[1]), Path(sys.argv[2]))
