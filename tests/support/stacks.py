"""The stack as data: the very `__main__.py` under Pulumi's mocks, drained, as plain dictionaries.

`stack("dev")` is the whole entrance; a stack is built once for each configuration in a process. Assert on what it
returns, never inside an `apply`: an assertion there passes silently when its output is unknown.
"""

from __future__ import annotations

import asyncio
import functools
import importlib
import json
import runpy
import sys
import warnings
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pulumi
import yaml
from pulumi.runtime import mocks
from pulumi.runtime.settings import configure
from pulumi.runtime.stack import run_in_stack

from services import catalog
from tests.support.stack_recording import ContainerDefinition, Recorded, RecordingMonitor, Stack, provider_of

__all__ = [
    "LOCAL",
    "ROOT",
    "ContainerDefinition",
    "Recorded",
    "Stack",
    "attempted",
    "build",
    "provider_of",
    "settings_of",
    "stack",
]

with warnings.catch_warnings():
    # The SDK's own modules warn of each other while they are imported; what the program uses may still warn.
    warnings.simplefilter("ignore", DeprecationWarning)
    vars(importlib.import_module("pulumi_aws.ec2.encryption_control"))
    assert importlib.import_module("pulumi_aws").s3.Bucket

ROOT = Path(__file__).resolve().parents[2]
LOCAL = {
    "host": "127.0.0.1",
    "ports": {service.name: 41001 + number for number, service in enumerate(catalog.SERVICES)},
    "cognito_url": "http://127.0.0.1:9229",
}
"""What the embedded run supplies as `sri:local`."""


def stack(tier: str, /, **config: Any) -> Stack:
    """The stack named `tier`, with Pulumi.<tier>.yaml and `config` (keys of `sri:`; None takes one away) over it.

    Raises what the program raises, such as ConfigError; `attempted` also gives what was registered before.
    """
    built, error = attempted(tier, **config)
    if error is not None:
        raise error
    return built


def attempted(tier: str, /, **config: Any) -> tuple[Stack, BaseException | None]:
    """As `stack`, but the error comes beside what was registered before it."""
    return _build(tier, json.dumps(config, sort_keys=True))


@functools.cache
def _build(tier: str, config: str) -> tuple[Stack, BaseException | None]:
    return build(tier, settings_of(tier, json.loads(config)))


def build(name: str, settings: Mapping[str, str], *, preview: bool = False) -> tuple[Stack, BaseException | None]:
    """Run the program as the stack `name` with the whole configuration `settings`, uncached.

    `preview`: as for a stack that does not exist yet: whatever AWS would compute is unknown.
    """
    # A thread of its own has none of this one's event loop, nor of Pulumi's settings, which are context variables.
    with ThreadPoolExecutor(max_workers=1) as executor:
        return executor.submit(_run, name, dict(settings), preview).result()


def settings_of(tier: str, config: Mapping[str, Any]) -> dict[str, str]:
    """The whole configuration of the stack named `tier`, as the engine hands it over: every value a text."""
    file = ROOT / f"Pulumi.{tier}.yaml"
    settings: dict[str, Any] = yaml.safe_load(file.read_text(encoding="utf-8"))["config"]
    if tier == "local":
        settings["sri:local"] = LOCAL
    settings |= {key if ":" in key else f"sri:{key}": value for key, value in config.items()}
    return {
        key: value if isinstance(value, str) else json.dumps(value)
        for key, value in settings.items()
        if value is not None
    }


def _run(name: str, settings: dict[str, str], preview: bool) -> tuple[Stack, BaseException | None]:
    pulumi.runtime.set_all_config(settings, [])
    monitor = RecordingMonitor(preview=preview)
    settings_of_run: dict[str, Any] = {
        "monitor": monitor,
        "monitor_features": set(monitor.GetDeploymentInfo(None).supportedFeatures),  # type: ignore[no-untyped-call]
        "engine": mocks.MockEngine(None),
        "project": "sri",
        "stack": name,
        "organization": "organization",
        "dry_run": preview,
        "callbacks": None,
    }
    configure(mocks.MockSettings(**settings_of_run))  # type: ignore[no-untyped-call]
    error: BaseException | None = None
    with _event_loop() as loop:
        try:
            loop.run_until_complete(run_in_stack(_program))
        except Exception as raised:  # handed to the caller, with what was registered before
            error = raised
    return monitor.recorded, error


@contextmanager
def _event_loop() -> Iterator[asyncio.AbstractEventLoop]:
    """A loop whose worker threads have loops of their own, as Pulumi wants them, that are all closed in the end."""
    loops: list[asyncio.AbstractEventLoop] = []

    def make() -> None:
        loops.append(asyncio.new_event_loop())
        asyncio.set_event_loop(loops[-1])

    make()
    with ThreadPoolExecutor(initializer=make) as executor:
        loops[0].set_default_executor(executor)
        yield loops[0]
    asyncio.set_event_loop(None)
    for loop in loops:
        loop.close()


def _program() -> None:
    if str(ROOT) not in sys.path:
        sys.path.insert(0, str(ROOT))
    runpy.run_path(str(ROOT / "__main__.py"), run_name="__main__")
