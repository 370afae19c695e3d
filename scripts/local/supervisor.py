"""Starts the platform's parts in order, keeps them running, and ends them in the reverse order."""

from __future__ import annotations

import asyncio
import signal
import time
from collections.abc import Coroutine, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import aiohttp

from scripts.local import containers, image_registry
from scripts.local.blueprint import Blueprint
from scripts.local.elsewhere import Elsewhere, forget
from scripts.local.errors import LocalRunError
from scripts.local.front_door import FrontDoor, log_to
from scripts.local.infrastructure import (
    cognito_url,
    control_plane_url,
    find_database,
    image_registry_part,
    infrastructure,
)
from scripts.local.options import Options
from scripts.local.parts import Part
from scripts.local.ports import DEFAULT_FRONT_DOOR, Ports, choose_ports
from scripts.local.processes import HOST
from scripts.local.program_client import run_in_process
from scripts.local.program_request import Request
from scripts.local.registry import Registry
from scripts.local.report import Event, Report
from scripts.local.state import write_json
from scripts.local.tasks import Task
from services import catalog

PATIENCE_S = 60.0
"""For any one part to become ready."""

READY_PATH = "/health/ready"
STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Supervisor:
    """The platform of one state directory, from its start to its end."""

    def __init__(self, options: Options, report: Report) -> None:
        self._options, self._report, self._state = options, report, options.state
        self._registry = Registry(self._state)
        self._infrastructure: list[Part] = []
        self._services: dict[str, tuple[Part | Elsewhere, int]] = {}
        self._front_door = FrontDoor(self)
        self._began = time.monotonic()

    async def run(self) -> bool:
        """Run until SIGINT, SIGTERM or SIGHUP; whether the platform was up by then.

        LocalRunError if it does not start. Nothing is left running either way.
        """
        stopping = asyncio.Event()
        for number in STOP_SIGNALS:
            asyncio.get_running_loop().add_signal_handler(number, stopping.set)
        starting = asyncio.create_task(self._start())
        waiting = asyncio.create_task(stopping.wait())
        try:
            await asyncio.wait({starting, waiting}, return_when=asyncio.FIRST_COMPLETED)
            if starting.done():
                await starting
                await waiting
            return starting.done()
        finally:
            starting.cancel()
            waiting.cancel()
            await asyncio.gather(starting, waiting, return_exceptions=True)
            await self._stop()

    def address(self, service: str) -> tuple[str, int] | None:
        """Where a service takes requests; None while it is not ready."""
        part, port = self._services[service]
        return (HOST, port) if part.ready else None

    async def _start(self) -> None:
        ports = choose_ports(self._state, [service.name for service in catalog.SERVICES], self._options.port)
        if self._options.environments:
            # Whoever runs the services has told each its port already: the one of the catalog.
            ports = replace(ports, services={service.name: service.port for service in catalog.SERVICES})
            forget(self._options.environments)
        usual = self._options.port or DEFAULT_FRONT_DOOR
        if ports.front_door != usual:
            self._report(Event("step", "front door", f"port {ports.front_door} ({usual} was taken when it was chosen)"))
        self._remember(ports)
        await self._open_front_door(ports.front_door)
        self._report(Event("working", "starting the database and the emulators"))
        database = await find_database(self._state, ports.postgres)
        if database[1] is None:
            self._report(Event("step", "postgres", f"the given one at {database[0].host}:{database[0].port}"))
        pool = self._options.pool
        if pool:
            self._report(Event("step", "user pool", f"{pool.pool_id} of {pool.stack}"))
        self._infrastructure = infrastructure(
            self._state, ports, self._registry, self._announce, database, own_pool=pool is None
        )
        if self._options.docker:
            self._infrastructure.append(image_registry_part(self._state, ports, self._registry, self._announce))
        request = Request(
            program=str(self._options.program),
            state=str(self._state.root),
            control_plane_url=control_plane_url(ports),
            cognito_url=pool.keys_url if pool else cognito_url(ports),
            front_door=f"localhost:{ports.front_door}",
            database=database[0],
            service_ports=ports.services,
            registry=image_registry.address(ports) if self._options.docker else "",
            pool=pool,
        )
        _, blueprint = await together(self._bring_up(self._infrastructure), self._run_program(request))
        write_json(self._state.outputs, blueprint.outputs)
        await self._start_services(blueprint)
        self._front_door.routing = blueprint.routing
        self._report(Event("ready", blueprint.outputs["url"], seconds=time.monotonic() - self._began))

    async def _open_front_door(self, port: int) -> None:
        """First of all, so that the port is ours: until there is something to route to, it says so."""
        log_to(self._state.log("front-door"))
        try:
            await self._front_door.start(port, everywhere=self._options.environments is not None)
        except OSError as error:
            raise LocalRunError(f"Port {port} was taken a moment ago: try again.") from error

    def _remember(self, ports: Ports) -> None:
        content = {
            "ports": ports.to_json(),
            "url": f"http://localhost:{ports.front_door}",
            "control_plane_url": control_plane_url(ports),
            "docker": self._options.docker,
        }
        pool = self._options.pool
        content |= {"pool_of": pool.stack} if pool else {"cognito_url": cognito_url(ports)}
        write_json(self._state.run, content)

    async def _bring_up(self, parts: Sequence[Part | Elsewhere]) -> None:
        """Start the parts and wait for them, all at once; each is kept running from then on."""
        await together(*(self._bring_up_one(part) for part in parts))

    async def _bring_up_one(self, part: Part | Elsewhere) -> None:
        began = time.monotonic()
        await part.start()
        await part.wait(PATIENCE_S)
        part.keep()
        self._report(Event("step", part.name, "ready", time.monotonic() - began))

    async def _run_program(self, request: Request) -> Blueprint:
        began, log = time.monotonic(), self._state.log("program")
        count = 0

        def made(number: int, kind: str) -> None:
            nonlocal count
            count = number
            self._report(Event("working", f"making the stack's resources: {number} ({kind.rpartition(':')[2]})"))

        def note(text: str) -> None:
            self._report(Event("step", text))

        blueprint = await run_in_process(request, log, self._registry, made, note)
        self._report(Event("step", "stack", f"{count} resources", time.monotonic() - began))
        return blueprint

    async def _start_services(self, blueprint: Blueprint) -> None:
        self._report(Event("working", "starting the services"))
        for name, task in blueprint.services.items():
            self._services[name] = (self._service(task), task.port or 0)
        await self._bring_up([part for part, _ in self._services.values()])

    def _service(self, task: Task) -> Part | Elsewhere:
        check = partial(answers_ready, task.port or 0)
        if self._options.environments:
            return Elsewhere(task, self._options.environments, check=check, announce=self._announce)
        return Part(
            task.name,
            containers.command(task, self._state) if self._options.docker else task.command(),
            log=self._state.log(task.name),
            registry=self._registry,
            announce=self._announce,
            check=check,
        )

    def _announce(self, text: str) -> None:
        self._report(Event("problem", text))

    async def _stop(self) -> None:
        """Those who take requests first, the database last."""
        await self._front_door.stop()
        services: Sequence[Part | Elsewhere] = [part for part, _ in self._services.values()]
        for parts in (services, self._infrastructure):
            await asyncio.gather(*(part.stop() for part in parts))
        await asyncio.to_thread(self._registry.sweep)
        await asyncio.to_thread(containers.remove_all, self._state)


async def together(*work: Coroutine[Any, Any, Any]) -> list[Any]:
    """The results of work done at once; the first error ends it all, and is raised by itself."""
    try:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(one) for one in work]
    except BaseExceptionGroup as errors:
        raise errors.exceptions[0] from None
    return [task.result() for task in tasks]


async def answers_ready(port: int) -> bool:
    """Whether the service on the port says that it is ready for requests."""
    timeout = aiohttp.ClientTimeout(total=5)
    try:
        async with (
            aiohttp.ClientSession(timeout=timeout) as session,
            session.get(f"http://{HOST}:{port}{READY_PATH}") as answer,
        ):
            return answer.status == 200
    except (aiohttp.ClientError, TimeoutError):
        return False
