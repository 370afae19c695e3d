"""Whether the time of an answer tells who has an account: distributions for known and unknown addresses, in one run.

    python -m benchmarks.identity_timing               about a minute and a half
    python -m benchmarks.identity_timing --count 200   more exact

The service over HTTP, a real Postgres, and the emulator of Cognito made to answer 120 ms later for a known address, as
a pool may that has to check a password or send a mail. Each path is asked about known and unknown addresses in turn:
as the service is deployed, and without its even time. `odds` is the chance that a known address took longer than an
unknown one: 0.5 tells nothing, 1.0 everything. What counts is the ratio of the medians and the odds, not the times.
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import AsyncExitStack, ExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import wraps
from pathlib import Path
from typing import Any

import httpx

from scripts.local import cognito
from scripts.local.processes import HOST, free_ports, running
from services.identity.app import Parts, assemble
from services.identity.settings import Settings
from tests.services.identity.conftest import BODY, PASSWORD, credentials_for, new_email, settings_for
from tests.support.applications import served
from tests.support.cognito import CognitoServer, UserPool
from tests.support.migrated import migrated
from tests.support.postgres import FOR_TESTS, fresh_database, own_server

SKEW = 0.12
"""Seconds by which the pool is slower for whom it knows."""
AT_ONCE = 4
PATHS: dict[str, tuple[str, dict[str, str]]] = {
    "login": ("initiate_auth", {"password": "Wrong-horse-7-battery"}),
    "signup": ("sign_up", {"password": PASSWORD, "name": "Ada"}),
    "forgot": ("forgot_password", {}),
    "resend": ("resend_confirmation_code", {}),
    "confirm": ("confirm_sign_up", {"code": "000000"}),
    "reset": ("confirm_forgot_password", {"code": "000000", "new_password": PASSWORD}),
}


@dataclass(frozen=True)
class Times:
    """Seconds that answers took, for known and for unknown addresses."""

    known: list[float]
    unknown: list[float]

    @property
    def ratio(self) -> float:
        """Of the medians, known to unknown."""
        return statistics.median(self.known) / statistics.median(self.unknown)

    @property
    def odds(self) -> float:
        """The chance that a known address took longer (the area under the ROC curve)."""
        longer = sum((a > b) + (a == b) / 2 for a in self.known for b in self.unknown)
        return longer / (len(self.known) * len(self.unknown))


def slower_for(known: frozenset[str], operation: Callable[..., Any]) -> Callable[..., Any]:
    """The call, later by SKEW for whom the pool knows."""

    @wraps(operation)
    def call(**parameters: Any) -> Any:
        name = parameters.get("Username") or parameters.get("AuthParameters", {}).get("USERNAME")
        if name in known:
            time.sleep(SKEW)
        return operation(**parameters)

    return call


@asynccontextmanager
async def service(settings: Settings, known: frozenset[str], pace: float) -> AsyncIterator[str]:
    """The service over HTTP before a pool that is skewed."""
    parts = Parts(settings, pace=pace)
    for operation, _ in PATHS.values():
        setattr(parts.cognito.client, operation, slower_for(known, getattr(parts.cognito.client, operation)))
    async with served(assemble(parts, settings)) as url:
        yield url


async def measure(url: str, path: str, known: list[str], unknown: list[str]) -> Times:
    """Ask about both in turn, a few at a time, each from an address of its own."""
    _, more = PATHS[path]
    times = Times([], [])
    turn = asyncio.Semaphore(AT_ONCE)

    async def ask(number: int, email: str, taken: list[float]) -> None:
        async with turn:
            headers = {**BODY, "x-forwarded-for": f"10.{number % 250}.{id(taken) % 250}.{number // 250}"}
            started = time.perf_counter()
            await client.post(f"{url}/api/v1/auth/{path}", json={"email": email, **more}, headers=headers)
            taken.append(time.perf_counter() - started)

    async with httpx.AsyncClient(timeout=30) as client:
        asked: list[Coroutine[Any, Any, None]] = []
        for number, (one, other) in enumerate(zip(known, unknown, strict=True)):
            asked += [ask(number, one, times.known), ask(number, other, times.unknown)]
        await asyncio.gather(*asked)
    return times


def line(path: str, pace: float, times: Times) -> str:
    """One row of the table, times in milliseconds."""
    cells = [f"{path:8}", "as deployed" if pace else "no even time"]
    for taken in (times.known, times.unknown):
        low, middle, high = (1000 * value for value in statistics.quantiles(taken, n=20)[:19:9])
        cells.append(f"{low:5.0f} {middle:5.0f} {high:5.0f}")
    return "  ".join([f"{cells[0]} {cells[1]:12}", *cells[2:], f"{times.ratio:5.2f}", f"{times.odds:5.2f}"])


async def run(settings: Settings, pool: UserPool, count: int) -> None:
    """Every path, with even time and without."""
    print(f"{'path':8} {'':12}  {'known p5/50/95':17}  {'unknown p5/50/95':17}  ratio   odds")
    client = CognitoServer(pool.endpoint).client()
    for path in PATHS:
        for pace in (1.0, 0.0):
            known = [new_email() for _ in range(count)]
            for email in known:
                client.admin_create_user(UserPoolId=pool.id, Username=email, MessageAction="SUPPRESS")
                client.admin_set_user_password(UserPoolId=pool.id, Username=email, Password=PASSWORD, Permanent=True)
            async with AsyncExitStack() as stack:
                url = await stack.enter_async_context(service(settings, frozenset(known), pace))
                await measure(url, path, [new_email()], [new_email()])  # connections, the policy
                print(line(path, pace, await measure(url, path, known, [new_email() for _ in known])), flush=True)


def main() -> None:
    """Start what it takes, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=60, help="addresses of either kind for each path")
    count = parser.parse_args().count
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="timing-")))
        port = free_ports(1)[0]
        stack.enter_context(running(cognito.command(port, folder / "cognito"), folder / "cognito.log"))
        server = CognitoServer(f"http://{HOST}:{port}")
        cognito.wait(server.url)
        pool = server.create_pool()
        stack.enter_context(credentials_for(pool))
        database = stack.enter_context(fresh_database(stack.enter_context(own_server(FOR_TESTS))))
        asyncio.run(run(settings_for(pool, migrated(database, "services.identity").settings), pool, count))


if __name__ == "__main__":
    main()
