"""The two commands of delivery as the workflows' own scripts run them, in processes of their own."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

UNUSABLE = 2
"""Exit code of `scripts.build_and_push` for what cannot be asked for."""
BLOCKED = 3
"""Exit code of `scripts.deploy --preview` where a risk is to be allowed; its answer is complete all the same."""
DRIFT = 4
"""Exit code of `scripts.deploy --drift` where something differs."""

NOT_BUILT = f"sha256:{'0' * 64}"
"""Stands for an image that nobody has built yet, so that a preview shows its service as changing."""


class CommandError(Exception):
    """A command failed, and has said why; the text says which."""


@dataclass(frozen=True, kw_only=True)
class Commands:
    """What is run for each, without its arguments."""

    build: Sequence[str] = (sys.executable, "-m", "scripts.build_and_push")
    deploy: Sequence[str] = (sys.executable, "-m", "scripts.deploy")

    def images(self, stack: str) -> dict[str, Any] | None:
        """What `build_and_push --dry-run` says: which images are there, which would be built. None where it cannot be
        said yet, as for a service without a repository. Raises CommandError."""
        done = subprocess.run(
            [*self.build, stack, "--dry-run", "--json"], stdout=subprocess.PIPE, text=True, check=False
        )
        if done.returncode == UNUSABLE:
            return None
        if done.returncode != 0:
            raise CommandError(f"the images of {stack} could not be looked at: exit code {done.returncode}")
        found: dict[str, Any] = json.loads(done.stdout)
        return found

    def run_deploy(self, stack: str, *arguments: str, good: Sequence[int]) -> tuple[int, str]:
        """Exit code and output. Raises CommandError for a code that is not among the `good` ones."""
        done = subprocess.run([*self.deploy, stack, *arguments], stdout=subprocess.PIPE, text=True, check=False)
        if done.returncode not in good:
            raise CommandError(f"deploy {stack} {arguments[0]} failed: exit code {done.returncode}")
        return done.returncode, done.stdout


def write_digests(images: dict[str, Any], file: Path) -> list[str]:
    """Write what `deploy --digests` takes for a preview; the services whose image would be built."""
    missing = [str(image["service"]) for image in images["images"] if not image["digest"]]
    digests = {**dict.fromkeys(missing, NOT_BUILT), **images["digests"]}
    file.write_text(json.dumps({"stack": images["stack"], "digests": digests}), encoding="utf-8")
    return missing
