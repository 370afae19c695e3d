"""From Pulumi's inputs to an AWS call's parameters, driven by botocore's own description of the call.

Names match without regard to case and punctuation (`callbackUrls` = `CallbackURLs`), and a plural matches its
singular. A block or a list of one block, a JSON string or a structure, a map of tags or a list of key and value are
taken for one another where the call wants the other form. What has no counterpart is reported, never dropped.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from botocore.model import ListShape, MapShape, Shape, StructureShape


def to_parameters(
    inputs: Mapping[str, Any], shape: StructureShape, rename: Mapping[str, str], problems: list[str]
) -> dict[str, Any]:
    """The parameters for a call whose input is `shape`.

    `rename` gives members that go by another name; a dotted one ("Policies.PasswordPolicy") lies deeper.
    `problems` receives the names of inputs without a place.
    """
    parameters: dict[str, Any] = {}
    for name, value in inputs.items():
        if value is None:
            continue
        place = find_place(shape, rename.get(name, name).split("."))
        if place is None:
            problems.append(name)
            continue
        path, member = place
        below: list[str] = []
        target = parameters
        for step in path[:-1]:
            target = target.setdefault(step, {})
        target[path[-1]] = convert(value, member, below)
        problems.extend(f"{name}.{deeper}" for deeper in below)
    return parameters


def find_place(shape: Shape, path: Sequence[str]) -> tuple[list[str], Shape] | None:
    """The exact member names of a path, and the shape at its end; None if there is no such member."""
    names = []
    for step in path:
        if isinstance(shape, MapShape):
            names.append(step)
            shape = shape.value
            continue
        members = shape.members if isinstance(shape, StructureShape) else {}
        by_plain_name = {plain_name(member): member for member in members}
        wanted = plain_name(step)
        name = by_plain_name.get(wanted) or by_plain_name.get(wanted.removesuffix("s"))
        if name is None:
            return None
        names.append(name)
        shape = members[name]
    return names, shape


def convert(value: Any, shape: Shape, problems: list[str]) -> Any:
    """One value in the form that `shape` wants."""
    if isinstance(shape, StructureShape):
        return to_structure(value, shape, problems)
    if isinstance(shape, ListShape):
        return to_list(value, shape, problems)
    if isinstance(shape, MapShape):
        return {key: convert(item, shape.value, problems) for key, item in value.items()}
    return to_scalar(value, shape.type_name)


def to_structure(value: Any, shape: StructureShape, problems: list[str]) -> Any:
    """A structure from a block, a list of one block, or JSON; a counted list where the structure is one."""
    if isinstance(value, str):
        value = json.loads(value)
    if isinstance(value, list) and {"Items", "Quantity"} <= set(shape.members):
        return {"Quantity": len(value), "Items": convert(value, shape.members["Items"], problems)}
    if isinstance(value, list):
        value = value[0] if value else {}
    return to_parameters(value, shape, {}, problems)


def to_list(value: Any, shape: ListShape, problems: list[str]) -> list[Any]:
    """A list from a list, JSON, a single item, or a map of names and values."""
    if isinstance(value, str) and value.startswith("["):
        value = json.loads(value)
    if isinstance(value, dict):
        pair = pair_members(shape.member)
        if pair and not {plain_name(key) for key in value} <= {plain_name(name) for name in pair}:
            key, item = pair
            return [{key: name, item: str(content)} for name, content in value.items()]
    items = value if isinstance(value, list) else [value]
    return [convert(item, shape.member, problems) for item in items]


def pair_members(shape: Shape) -> tuple[str, str] | None:
    """The members' names of a structure that is a named value (a tag, a dimension, an attribute)."""
    members = {plain_name(name): name for name in shape.members} if isinstance(shape, StructureShape) else {}
    for name in ("key", "name"):
        if {name, "value"} <= set(members):
            return members[name], members["value"]
    return None


def to_scalar(value: Any, kind: str) -> Any:
    """A scalar of botocore's type `kind`."""
    match kind:
        case "string":
            return json.dumps(value) if isinstance(value, (bool, dict, list)) else str(value)
        case "integer" | "long":
            return int(value)
        case "float" | "double":
            return float(value)
        case "boolean":
            return value in (True, "true", "True")
    return value


def to_outputs(response: Mapping[str, Any]) -> dict[str, Any]:
    """The scalars of a response under Pulumi's names (VpcId is vpcId, DBName is dbName).

    Lists and blocks are left out: Pulumi's own shape of them is what the program gave.
    """
    return {camel(name): value for name, value in response.items() if isinstance(value, (str, int, float, bool))}


def camel(name: str) -> str:
    """VpcId -> vpcId, ARN -> arn, DBName -> dbName."""
    capitals = re.match(r"[A-Z]+(?=[A-Z][a-z]|$|\d)", name)
    head = capitals[0] if capitals else name[:1]
    return head.lower() + name[len(head) :]


def plain_name(name: str) -> str:
    """A name without case and punctuation."""
    return re.sub(r"[^a-z0-9]", "", name.lower())


def dig(value: Any, path: str) -> Any:
    """What lies at a dotted path ("LoadBalancers.0.DNSName"); None if there is nothing."""
    for step in filter(None, path.split(".")):
        if isinstance(value, list):
            value = value[int(step)] if len(value) > int(step) else None
        else:
            value = (value or {}).get(step)
    return value
