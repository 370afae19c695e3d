"""Which `.env` files there are, and what each holds, by the stack's outputs; secrets by its caller's credentials."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from scripts.dotenv.block import Block
from scripts.dotenv.errors import EnvironmentFileError
from scripts.dotenv.variables import problem_with
from scripts.stack import ROOT
from services import catalog
from services.catalog import Need

WEB = "web"
WEB_FOLDER = ROOT / "services/frontend/web"

ReadSecret = Callable[[str], str]


@dataclass(frozen=True)
class Wanted:
    """One file, by the name of a service or `web`: where it is, and its variables. `secret`: name -> reference."""

    name: str
    path: Path
    plain: Mapping[str, str]
    secret: Mapping[str, str]

    def block(self, stack: str, read_secret: ReadSecret | None) -> Block:
        """What is to be written, secrets only if they can be read. EnvironmentFileError for a value of another type."""
        values = {name: read_secret(reference) for name, reference in self.secret.items()} if read_secret else {}
        wrong = [
            f"{self.name}: {name} of the stack {problem}"
            for name, value in {**self.plain, **values}.items()
            if (problem := problem_with(name, value))
        ]
        if wrong:
            raise EnvironmentFileError("\n".join([*wrong, "Nothing was written: deploy the stack anew and try again."]))
        return Block(stack, self.plain, values, () if read_secret else tuple(self.secret))


def wanted_files(
    outputs: Mapping[str, Any], names: Sequence[str], folder: Path | None, host: Mapping[str, str] | None = None
) -> list[Wanted]:
    """The files of the named services, or of all and the web app; in `folder`, or beside what they are for.

    `host`: what whoever talks to the user pool is told beside, where the pool is not in AWS.

    EnvironmentFileError for a name that is not known, or outputs of another shape.
    """
    known = [*(service.name for service in catalog.SERVICES), WEB]
    unknown = [name for name in names if name not in known]
    if unknown:
        raise EnvironmentFileError(f"There is no service {', '.join(unknown)}: name some of {', '.join(known)}.")
    chosen = [name for name in known if not names or name in names]
    return list(_files(outputs, chosen, folder, host or {}))


def _files(
    outputs: Mapping[str, Any], names: Sequence[str], folder: Path | None, host: Mapping[str, str]
) -> Iterator[Wanted]:
    environments = outputs["environments"]
    for name in names:
        if name == WEB:
            path = folder / f"{WEB}.env" if folder else WEB_FOLDER / ".env"
            # All that its development server needs: where the API is.
            yield Wanted(name, path, {"PUBLIC_ORIGIN": outputs["url"]}, {})
            continue
        told = environments.get(name) if isinstance(environments, Mapping) else None
        if not isinstance(told, Mapping) or not isinstance(told.get("plain"), Mapping):
            raise EnvironmentFileError(
                f"The outputs do not say what {name} is told: deploy the stack anew, then write them again."
            )
        path = folder / f"{name}.env" if folder else ROOT / "services" / name / ".env"
        beside = host if Need.SESSIONS in catalog.by_name(name).needs else {}
        yield Wanted(name, path, {**told["plain"], **beside}, told.get("secret") or {})
