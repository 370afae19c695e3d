"""All images of a stack at once: each built and pushed, taken over from another stack, or found to be there."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from image_builds import ImageBuild
from scripts.images import engine, login
from scripts.images.errors import ImagesError
from scripts.images.progress import Progress, Say
from scripts.images.registry import Repository


@dataclass(frozen=True, kw_only=True)
class Delivered:
    """One image; no `digest` where it is not there yet. `action`: built, exists, copied, would build, would copy."""

    service: str
    tag: str
    repository: str
    digest: str | None
    action: str
    seconds: float


@dataclass(frozen=True, kw_only=True)
class Order:
    """What is to be in which repository: `builds` and `repositories` (service -> URL) of the stack.

    `sources`: service -> URL of the repository to copy from, instead of building; None for building.
    """

    builds: Sequence[ImageBuild]
    repositories: Mapping[str, str]
    sources: Mapping[str, str] | None = None
    dry_run: bool = False


def deliver(order: Order, progress: Progress) -> list[Delivered]:
    """Every image, at the same time; the others go on when one fails. ImagesError names each that failed."""
    urls = [*order.repositories.values(), *(order.sources or {}).values()]
    tokens = {host: login.token_for(host) for host in sorted({url.partition("/")[0] for url in urls})}
    with login.docker_config(tokens) as environment, ThreadPoolExecutor(max_workers=len(order.builds)) as pool:
        work = _Work(order, tokens, environment, progress)
        futures = [pool.submit(work.one, build) for build in order.builds]
        failures = [error for error in (future.exception() for future in futures) if error is not None]
    for failure in failures:
        if not isinstance(failure, ImagesError):
            raise failure
    if failures:
        raise ImagesError("\n".join(map(str, failures)))
    return [future.result() for future in futures]


class _Work:
    def __init__(
        self, order: Order, tokens: Mapping[str, str], environment: Mapping[str, str], progress: Progress
    ) -> None:
        self._order, self._tokens, self._environment, self._progress = order, tokens, environment, progress

    def one(self, build: ImageBuild) -> Delivered:
        """One image, from its name to its digest."""
        began = time.monotonic()
        url = self._order.repositories[build.service]
        with self._progress.of(build.service) as say:
            say("asking for it", True)
            digest, action = self._digest(build, self._repository(url), say)
            seconds = time.monotonic() - began
            say(f"{action}  {digest or build.tag}", True)
        return Delivered(
            service=build.service, tag=build.tag, repository=url, digest=digest, action=action,
            seconds=round(seconds, 2),
        )  # fmt: skip

    def _digest(self, build: ImageBuild, target: Repository, say: Say) -> tuple[str | None, str]:
        there = target.digest(build.tag)
        if there is not None:
            return there, "exists"
        if self._order.sources is not None:
            return self._copy(build, target, self._repository(self._order.sources[build.service]), say)
        if self._order.dry_run:
            return None, "would build"
        return self._build(build, target, say), "built"

    def _copy(self, build: ImageBuild, target: Repository, source: Repository, say: Say) -> tuple[str, str]:
        digest = source.digest(build.tag)
        if digest is None:
            raise ImagesError(
                f"{source.url} has no image {build.tag}, which is what {build.service} is now: build it there first, "
                "or check out the commit that was deployed there."
            )
        if self._order.dry_run:
            return digest, "would copy"
        say(f"copying from {source.url}", True)
        return target.copy_from(source, build.tag), "copied"

    def _build(self, build: ImageBuild, target: Repository, say: Say) -> str:
        reference = f"{target.url}:{build.tag}"
        say(f"building {build.tag}", True)
        engine.build(build, reference, lambda line: say(line, False))
        say("pushing", True)
        try:
            engine.push(reference, self._environment, lambda line: say(line, False))
        except ImagesError:
            # A tag is given once: where another run was faster, its image is of the same content.
            there = target.digest(build.tag)
            if there is None:
                raise
            return there
        pushed = target.digest(build.tag)
        if pushed is None:
            raise ImagesError(f"{reference} was pushed, and the registry does not have it.")
        return pushed

    def _repository(self, url: str) -> Repository:
        return Repository(url, login.basic(self._tokens[url.partition("/")[0]]))
