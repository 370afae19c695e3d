"""Make the image repositories of services that have none yet: `python -m scripts.ci.repositories STACK`.

Only then, since it deploys a part of the program: nothing is touched where every service has its repository.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from scripts.ci.commands import CommandError, Commands
from scripts.stack import StackError, outputs
from services import catalog

_OURS = Commands()


def make_missing(stack: str, known: Sequence[str], commands: Commands = _OURS) -> list[str]:
    """The services that had no repository among those `known` to have one. Raises CommandError."""
    missing = [service.name for service in catalog.SERVICES if service.name not in known]
    if missing:
        _, said = commands.run_deploy(stack, "--repositories", "--yes", good=(0,))
        sys.stdout.write(said)
    return missing


def main(arguments: Sequence[str]) -> int:
    """0 when every service has a repository, 1 when one could not be made, 2 when the stack cannot be read."""
    parser = argparse.ArgumentParser(prog="python -m scripts.ci.repositories", description="Make what is missing.")
    parser.add_argument("stack")
    given = parser.parse_args(arguments)
    try:
        missing = make_missing(given.stack, list(outputs(given.stack)["ecr_repository_urls"]))
    except StackError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    except CommandError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    sys.stdout.write(f"made for {', '.join(missing)}\n" if missing else "every service has a repository\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
