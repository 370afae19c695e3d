"""`python -m scripts.write_env STACK`: what a stack tells its services, as `.env` files, for whoever runs one by hand.

STACK is a deployed stack, or `local` for what `make up` left. Each file has a generated part, which this command alone
changes, and keeps whatever lines somebody added around it. Secrets are left out unless asked for with --secrets.

Exit codes: 0 the files are as they should be; 1 `--check` found one that is not; 2 they cannot be written.
"""

from __future__ import annotations

import argparse
import difflib
import json
import os
import shlex
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from scripts.dotenv.block import Block, File, parse, quoted
from scripts.dotenv.errors import EnvironmentFileError
from scripts.dotenv.files import ReadSecret, Wanted, wanted_files
from scripts.dotenv.variables import type_of
from scripts.local.control_plane import CREDENTIALS
from scripts.local.state import State, read_json
from scripts.stack import ROOT, Outputs, StackError, outputs

LOCAL = "local"
STALE, UNWRITABLE = 1, 2
HIDDEN, HIDDEN_OTHER = "(secret)", "(another secret)"


@dataclass(frozen=True)
class Change:
    """One file, before and after."""

    wanted: Wanted
    block: Block
    text: str
    found: File

    @property
    def new_text(self) -> str:
        """The file as it should be."""
        return self.found.with_block(self.block)

    def is_stale(self, *, secrets: bool) -> bool:
        """Whether the stack says something else; secrets count only if they were asked for."""
        if secrets:
            return self.text != self.new_text
        plain = {name: value for name, value in self.found.values.items() if name not in self.wanted.secret}
        return self.found.stack != self.block.stack or plain != self.block.plain

    def difference(self) -> list[str]:
        """Lines as `diff -u` has them, without a secret."""
        before, after = self._shown(self.text), self._shown(self.new_text)
        old = self.found.values
        for name, value in self.block.secret.items():
            if name in old and old[name] != value:
                after = [line.replace(f"{name}={HIDDEN}", f"{name}={HIDDEN_OTHER}") for line in after]
        path = _shown_path(self.wanted.path)
        return list(difflib.unified_diff(before, after, path if self.text else "/dev/null", path, lineterm="", n=1))

    def _shown(self, text: str) -> list[str]:
        hidden = {*self.wanted.secret}
        lines = [line.partition("=") for line in text.splitlines()]
        return [
            f"{name}={HIDDEN}" if name.removeprefix("export ").strip() in hidden else f"{name}{equals}{value}"
            for name, equals, value in lines
        ]

    def to_json(self, state: str) -> dict[str, Any]:
        """What is told to programs: names and types, no value."""
        plain = [{"name": name, "type": type_of(name), "secret": False} for name in sorted(self.wanted.plain)]
        secret = [{"name": name, "type": type_of(name), "secret": True} for name in sorted(self.wanted.secret)]
        by_hand = sorted(self.found.by_hand.keys() & {*self.wanted.plain, *self.wanted.secret})
        path = str(self.wanted.path)
        return {"name": self.wanted.name, "file": path, "state": state, "variables": plain + secret, "by_hand": by_hand}


def main(arguments: list[str] | None = None) -> int:
    """Write the files, or check them; the exit code."""
    options = parser().parse_args(arguments)
    try:
        return run(options)
    except (EnvironmentFileError, StackError) as error:
        print(error, file=sys.stderr)
    except OSError as error:
        print(f"{error.filename}: {error.strerror}. Nothing more was written.", file=sys.stderr)
    return UNWRITABLE


def parser() -> argparse.ArgumentParser:
    """The options."""
    root = argparse.ArgumentParser(
        prog="python -m scripts.write_env", description="Writes what a stack tells its services into .env files."
    )
    root.add_argument("stack", metavar="STACK", help="a deployed stack, or local")
    root.add_argument("--outputs", type=Path, metavar="FILE", help="the stack's outputs, where there is no Pulumi CLI")
    root.add_argument("--service", action="append", default=[], metavar="NAME", help="only this one (web: the web app)")
    root.add_argument("--secrets", action="store_true", help="fetch secrets too, with your AWS credentials")
    root.add_argument("--check", action="store_true", help="write nothing, and exit with 1 if a file is stale")
    root.add_argument("--dir", type=Path, metavar="DIR", help="write DIR/NAME.env instead of each folder's .env")
    root.add_argument("--json", action="store_true", help="write one JSON document; differences go to standard error")
    root.add_argument("--state-dir", type=Path, help="of the local run (default: .local)")
    return root


def run(options: argparse.Namespace) -> int:
    """Do as the options say. EnvironmentFileError or StackError before anything is written."""
    found = read_outputs(options)
    host = emulated_pool(options) if options.stack == LOCAL else {}
    wanted = wanted_files(found, options.service, options.dir and options.dir.absolute(), host)
    read_secret = secret_reader(options, found["region"]) if options.secrets else None
    if read_secret and not options.check:
        for file in wanted:
            refuse_unless_ignored(file.path)
    changes = [compare(file, options.stack, read_secret) for file in wanted]
    told: list[dict[str, Any]] = []
    for change in changes:
        state = settle(change, options)
        told.append(change.to_json(state))
    if options.json:
        print(json.dumps({"stack": options.stack, "files": told}, indent=2))
    return STALE if any(file["state"] == "stale" for file in told) else 0


def read_outputs(options: argparse.Namespace) -> Outputs:
    """The stack's outputs; the local run's from where `make up` left them."""
    if options.stack != LOCAL or options.outputs:
        return outputs(options.stack, options.outputs)
    file = State(options.state_dir).outputs
    if not file.exists():
        raise StackError("There are no outputs of a local run yet: start the platform with `make up`.")
    return outputs(None, file)


def emulated_pool(options: argparse.Namespace) -> dict[str, str]:
    """Where the local run's user pool is, in what boto3 reads; nothing where it is a deployed stack's."""
    url = read_json(State(options.state_dir).run).get("cognito_url")
    return {"AWS_ENDPOINT_URL_COGNITO_IDENTITY_PROVIDER": url, **CREDENTIALS} if url else {}


def secret_reader(options: argparse.Namespace, region: str) -> ReadSecret:
    """What fetches secrets; loaded only when it is wanted."""
    from scripts.dotenv.secrets_access import reader  # noqa: PLC0415

    return reader(region, local=options.stack == LOCAL, state_dir=options.state_dir)


def compare(wanted: Wanted, stack: str, read_secret: ReadSecret | None) -> Change:
    """The file as it is and as it should be."""
    text = wanted.path.read_text(encoding="utf-8") if wanted.path.exists() else ""
    block = wanted.block(stack, read_secret)
    for name, value in {**block.plain, **block.secret}.items():
        quoted(name, value)  # refuses now what could not be written later
    return Change(wanted, block, text, parse(text, _shown_path(wanted.path)))


def settle(change: Change, options: argparse.Namespace) -> Literal["unchanged", "stale", "written"]:
    """Show what is different, and write it unless it is only to be checked."""
    out = sys.stderr if options.json else sys.stdout
    stale = change.is_stale(secrets=options.secrets) if options.check else change.text != change.new_text
    path = _shown_path(change.wanted.path)
    if not stale:
        print(f"{path}: as it should be", file=out)
        return "unchanged"
    print("\n".join(change.difference()), file=out)
    for name in sorted(change.found.by_hand.keys() & {*change.block.plain, *change.wanted.secret}):
        print(f"{path}: your own {name} goes before the stack's", file=out)
    if options.check:
        print(f"{path} is {'stale' if change.text else 'not there'}: `{writing(options)}` writes it.", file=out)
        return "stale"
    write(change.wanted.path, change.new_text)
    print(f"{path}: written", file=out)
    return "written"


def writing(options: argparse.Namespace) -> str:
    """The command that writes what this one checked."""
    given = (("--outputs", options.outputs), ("--dir", options.dir), ("--state-dir", options.state_dir))
    where = [part for name, value in given if value for part in (name, str(value))]
    secrets = ["--secrets"] if options.secrets else []
    return shlex.join(["python", "-m", "scripts.write_env", options.stack, *where, *secrets])


def write(path: Path, text: str) -> None:
    """Replace the file in one step; only its owner may read it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f"{path.name}.{os.getpid()}.new.env")
    try:
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
            file.write(text)
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)


def refuse_unless_ignored(path: Path) -> None:
    """EnvironmentFileError if git would take the file in: then its secrets would be everybody's soon."""
    folder = next(parent for parent in path.parents if parent.is_dir())
    git = shutil.which("git")
    if git is None:
        return
    asked = subprocess.run(
        [git, "-C", str(folder), "check-ignore", "--quiet", str(path)], capture_output=True, check=False
    )
    if asked.returncode == 1:
        raise EnvironmentFileError(
            f"{_shown_path(path)} is not ignored by git, and secrets would be in it: choose another place with --dir, "
            "or add it to .gitignore."
        )


def _shown_path(path: Path) -> str:
    return str(path.relative_to(ROOT)) if path.is_relative_to(ROOT) else str(path)


if __name__ == "__main__":
    sys.exit(main())
