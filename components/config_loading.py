"""Reading the stack's configuration: the tier's defaults, overlaid with what the stack's file says."""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterable, Mapping
from dataclasses import is_dataclass, replace
from enum import Enum
from types import NoneType, UnionType
from typing import Annotated, Any, TypeVar, get_args, get_origin, get_type_hints

import pulumi
from pulumi.runtime import config as pulumi_config

from components.config import ConfigError, LocalConfig, ServiceConfig, StackConfig, Tier
from components.config_defaults import DEFAULTS
from components.config_rules import problems_of
from services import catalog

T = TypeVar("T")


class _UnusableError(ValueError):
    """A value that is not of its key's type; the text continues "<key>: "."""


def load_config() -> StackConfig:
    """The running stack's configuration. Raises ConfigError with every problem at once, before any resource is made."""
    problems: list[str] = []
    project = pulumi.get_project()
    raw = {key: value for key, value in _all_config().items() if key.startswith(f"{project}:")}
    given = {key.split(":", 1)[1]: value for key, value in raw.items()}
    config = overlay(_defaults(_tier(given, problems)), given, f"{project}:", problems)
    problems += problems_of(config)
    if problems:
        raise ConfigError(problems)
    return config


def _all_config() -> dict[str, Any]:
    # pulumi.Config only answers for keys one asks for; a misspelt key is found only by looking at them all.
    return {**pulumi_config.get_config_env(), **pulumi_config.CONFIG.get()}


def _tier(given: Mapping[str, Any], problems: list[str]) -> Tier:
    name = given.get("tier", pulumi.get_stack())
    try:
        return Tier(name)
    except ValueError:
        options = ", ".join(Tier)
        if "tier" not in given:
            problems.append(f"sri:tier: not set, and the stack's name {name!r} is none of {options}; set one of them")
        return Tier.DEV


def _defaults(tier: Tier) -> StackConfig:
    defaults = DEFAULTS[tier]
    aws = pulumi.Config("aws")
    tags = _parsed(aws.get("defaultTags"))
    return replace(
        defaults.stack,
        name=f"{pulumi.get_project()}-{pulumi.get_stack()}",
        region=aws.get("region") or "",
        default_tags=tags.get("tags") or {} if isinstance(tags, Mapping) else {},
        services={
            service.name: ServiceConfig(
                cpu=service.size.cpu,
                memory=service.size.memory,
                min_tasks=defaults.min_tasks,
                max_tasks=defaults.max_tasks,
            )
            for service in catalog.SERVICES
        },
    )


def overlay(base: T, given: object, at: str, problems: list[str]) -> T:
    """`base` (a dataclass) with the members that `given` names; what cannot be used is noted and left as it was."""
    members = _parsed(given)
    if not isinstance(members, Mapping):
        problems.append(f"{at.rstrip('.')}: must be an object, not {given!r}")
        return base
    kinds = keys_of(type(base))
    changes: dict[str, Any] = {}
    for name, value in members.items():
        if name not in kinds:
            problems.append(f"{at}{name}: no such key; {_suggestion(name, kinds)}")
            continue
        try:
            changes[name] = _converted(kinds[name][0], getattr(base, name), value, f"{at}{name}", problems)
        except _UnusableError as unusable:
            problems.append(f"{at}{name}: {unusable}")
    return replace(base, **changes)  # type: ignore[type-var]


def keys_of(kind: type) -> dict[str, tuple[Any, str]]:
    """Name -> (type, meaning) of each key that a configuration dataclass has."""
    hints = get_type_hints(kind, include_extras=True)
    annotated = {name: get_args(hint) for name, hint in hints.items() if get_origin(hint) is Annotated}
    return {name: (args[0], args[1]) for name, args in annotated.items()}


def _converted(kind: Any, base: Any, value: Any, at: str, problems: list[str]) -> Any:
    if get_origin(kind) is UnionType:
        kind = next(option for option in get_args(kind) if option is not NoneType)
    if is_dataclass(kind):
        return overlay(LocalConfig() if base is None else base, value, f"{at}.", problems)
    if get_origin(kind) is Mapping:
        return _mapping(get_args(kind)[1], base, value, at, problems)
    if isinstance(kind, type) and issubclass(kind, Enum):
        return _member(kind, value)
    return _scalar(kind, value)


def _mapping(kind: Any, base: Mapping[str, Any], value: Any, at: str, problems: list[str]) -> dict[str, Any]:
    """A mapping by service name: every member must be a service of the catalog."""
    members = _parsed(value)
    if not isinstance(members, Mapping):
        raise _UnusableError(f"must be an object by service name, not {value!r}")
    known = [service.name for service in catalog.SERVICES]
    result = dict(base)
    for name, member in members.items():
        if name not in known:
            problems.append(f"{at}.{name}: no such service; {_suggestion(name, known)}")
            continue
        try:
            result[name] = _converted(kind, result.get(name), member, f"{at}.{name}", problems)
        except _UnusableError as unusable:
            problems.append(f"{at}.{name}: {unusable}")
    return result


def _member(kind: type[Enum], value: Any) -> Enum:
    options = [str(option.value) for option in kind]
    if value not in options:
        raise _UnusableError(f"{value!r} is not one of {', '.join(options)}; {_suggestion(str(value), options)}")
    return kind(value)


def _scalar(kind: Any, value: Any) -> Any:
    # Pulumi hands over top-level values as text ("20", "true"), nested ones as JSON.
    if kind is bool and str(value).lower() in ("true", "false"):
        return str(value).lower() == "true"
    if kind is int and not isinstance(value, bool):
        try:
            return int(str(value))
        except ValueError:
            pass
    if kind is str and isinstance(value, str) and value.strip():
        return value.strip()
    words = {bool: "true or false", int: "a whole number", str: "a text that is not empty"}
    raise _UnusableError(f"must be {words[kind]}, not {value!r}")


def _parsed(value: object) -> object:
    if isinstance(value, str):
        try:
            return json.loads(value)
        except ValueError:
            return value
    return value


def _suggestion(name: str, known: Iterable[str]) -> str:
    close = difflib.get_close_matches(name, list(known), n=1)
    return f"did you mean {close[0]}?" if close else f"use one of {', '.join(known)}"
