"""How a part of the platform is started: what to run, as whom, where its output goes."""

from __future__ import annotations

import errno
import os
import pwd
import secrets
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from scripts.local.errors import LocalRunError

HOST = "127.0.0.1"

LOWEST_PORT, HIGHEST_PORT = 20_000, 32_000
POLL_S = 0.03


@dataclass(frozen=True)
class Account:
    """A user of the operating system that a process runs as."""

    name: str
    uid: int
    gid: int

    @classmethod
    def unprivileged(cls) -> Account | None:
        """Who runs what must not be run by root; None when we are not root and are good enough ourselves."""
        if os.geteuid() != 0:
            return None
        for name in ("postgres", "nobody"):
            try:
                entry = pwd.getpwnam(name)
            except KeyError:
                continue
            return cls(entry.pw_name, entry.pw_uid, entry.pw_gid)
        return cls("nobody", 65534, 65534)


@dataclass(frozen=True, kw_only=True)
class Command:
    """One process to start.

    `env` is its whole environment: nothing is inherited. `stop_signal` asks it to end in good order. With the usual
    `umask` what it writes is for its own user only.
    """

    argv: Sequence[str]
    env: Mapping[str, str]
    cwd: Path = Path("/")
    account: Account | None = None
    stop_signal: signal.Signals = signal.SIGTERM
    umask: int = 0o077

    def options(self, output: IO[bytes] | int | None) -> dict[str, Any]:
        """Keyword arguments for `subprocess.Popen` and asyncio's `create_subprocess_exec` alike.

        The process gets a group of its own: a Ctrl-C in the terminal reaches the supervisor alone, which then
        ends the parts in order.
        """
        options: dict[str, Any] = {
            "env": dict(self.env),
            "cwd": self.cwd,
            "stdin": subprocess.DEVNULL,
            "stdout": output,
            "stderr": subprocess.STDOUT,
            "process_group": 0,
            "umask": self.umask,
        }
        if self.account:
            options |= {"user": self.account.uid, "group": self.account.gid, "extra_groups": []}
        return options


def base_environment() -> dict[str, str]:
    """What every process needs of the machine, and nothing of the caller's AWS or Python settings."""
    kept = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR")
    inherited = {name: os.environ[name] for name in kept if name in os.environ}
    return inherited | {"PYTHONUNBUFFERED": "1", "TZ": "UTC"}


@contextmanager
def running(command: Command, log: Path, *, patience: float = 10.0) -> Iterator[subprocess.Popen[bytes]]:
    """The process for as long as the block lasts; then it is asked to end, and killed after `patience` seconds."""
    with log.open("ab") as output:
        process = subprocess.Popen(list(command.argv), **command.options(output))
    try:
        yield process
    finally:
        if process.poll() is None:
            process.send_signal(command.stop_signal)
        try:
            process.wait(patience)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def wait_until(is_up: Callable[[], bool], what: str, patience: float) -> None:
    """Return once it is; LocalRunError, which says that `what` does not answer, after `patience` seconds."""
    deadline = time.monotonic() + patience
    while not is_up():
        if time.monotonic() > deadline:
            raise LocalRunError(f"{what} does not answer")
        time.sleep(POLL_S)


def is_free(port: int) -> bool:
    """Whether nothing listens on the port of this machine's loopback addresses.

    Of ::1 too: browsers try it first for `localhost`. A connection of the past lingering there does not count.
    """
    for family, host in ((socket.AF_INET, HOST), (socket.AF_INET6, "::1")):
        try:
            with socket.socket(family) as probe:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                probe.bind((host, port))
        except OSError as error:
            if family == socket.AF_INET or error.errno == errno.EADDRINUSE:
                return False
    return True


def free_ports(count: int) -> list[int]:
    """Different ports of 127.0.0.1 that are free now.

    They lie below the range from which the system takes the client's side of connections: from there, one could be
    gone again before its server starts, or at the next run.
    """
    start = LOWEST_PORT + secrets.randbelow(HIGHEST_PORT - LOWEST_PORT)
    found: list[int] = []
    for offset in range(HIGHEST_PORT - LOWEST_PORT):
        if len(found) == count:
            break
        port = LOWEST_PORT + (start - LOWEST_PORT + offset) % (HIGHEST_PORT - LOWEST_PORT)
        if is_free(port):
            found.append(port)
    return found


def last_lines(log: Path, count: int = 20) -> list[str]:
    """The end of a log file; nothing if there is none."""
    try:
        with log.open("rb") as file:
            file.seek(max(0, log.stat().st_size - 64 * 1024))
            return file.read().decode(errors="replace").splitlines()[-count:]
    except FileNotFoundError:
        return []
