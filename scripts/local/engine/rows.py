"""One row for each resource type: which call makes it, where its id is, and what the conversion cannot know.

`make` turns a resource's inputs into that call and the answer into Pulumi's outputs.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from scripts.local.engine.cloud import Cloud
from scripts.local.engine.facts import LocalFacts
from scripts.local.engine.shapes import convert, dig, plain_name, to_outputs, to_parameters

STEERING = frozenset({"region", "tagsAll"})
"""Inputs of every resource that say where it goes or repeat others."""


@dataclass
class Creation:
    """One resource on its way: what a row's hooks read and change.

    `inputs` may be rearranged by hooks, `given` is what the program said. `response` is the answer to the
    creating call, `outputs` what Pulumi will see.
    """

    cloud: Cloud
    facts: LocalFacts
    type: str
    name: str
    inputs: dict[str, Any]
    given: dict[str, Any] = field(default_factory=dict)
    parameters: dict[str, Any] = field(default_factory=dict)
    response: dict[str, Any] = field(default_factory=dict)
    outputs: dict[str, Any] = field(default_factory=dict)
    id: str = ""

    def __post_init__(self) -> None:
        self.given = copy.deepcopy(self.inputs)

    def call(self, operation: str, **parameters: Any) -> dict[str, Any]:
        """A further call of the same resource."""
        return self.cloud.call(operation, **parameters)

    def arn(self, service: str, resource: str) -> str:
        """The ARN of something in the stack's region and account."""
        return f"arn:aws:{service}:{self.cloud.region}:{self.cloud.account}:{resource}"


Hook = Callable[[Creation], None]


@dataclass(frozen=True, kw_only=True)
class Row:
    """How resources of one type are made.

    `create`   the call ("ec2.create_vpc").
    `id`       where the id is: a path in the answer, "name", or "input:<name>".
    `outputs_from`  the part of the answer whose scalars become outputs; None: none of them.
    `outputs`  further outputs: name -> path in the answer.
    `name`     the member that receives the physical name (the given name, else the logical one).
    `rename`   input -> member, where the names differ.
    `elsewhere` inputs without a place in the call: a hook sends them, or they only steer Pulumi's own provider.
    `constants` members that the call wants though the program says nothing.
    `tag_type` EC2's word for the type, for those that are tagged the EC2 way.
    `prepare`  rearranges the inputs before the conversion; calls nothing.
    `adopt`    returns the answer for what is there already (brought up to date), or None.
    `finish`   makes further calls, adds outputs.
    """

    create: str
    id: str = "name"
    outputs_from: str | None = None
    outputs: Mapping[str, str] = field(default_factory=dict)
    name: str = ""
    rename: Mapping[str, str] = field(default_factory=dict)
    elsewhere: frozenset[str] = frozenset()
    constants: Mapping[str, Any] = field(default_factory=dict)
    tag_type: str = ""
    prepare: Hook | None = None
    adopt: Callable[[Creation], dict[str, Any] | None] | None = None
    finish: Hook | None = None


def parameters_for(row: Row, creation: Creation) -> list[str]:
    """Fill in the call's parameters; returns the names of inputs that have no place in it."""
    if row.prepare:
        row.prepare(creation)
    problems: list[str] = []
    skipped = row.elsewhere | STEERING | {"tags"}
    inputs = {name: value for name, value in creation.inputs.items() if name not in skipped}
    creation.parameters = to_parameters(inputs, creation.cloud.input_shape(row.create), row.rename, problems)
    creation.parameters = {**row.constants, **creation.parameters}
    if row.name:
        creation.parameters.setdefault(row.name, creation.inputs.get("name") or creation.name)
    problems += add_tags(row, creation)
    return problems


def takes_tags(row: Row, cloud: Cloud) -> bool:
    """Whether resources of this row can carry tags."""
    return bool(row.tag_type or tag_member(row, cloud) or "tags" in row.elsewhere)


def tag_member(row: Row, cloud: Cloud) -> str | None:
    """The call's member for tags."""
    wanted = plain_name(row.rename.get("tags", "tags"))
    members = cloud.input_shape(row.create).members
    return next((name for name in members if plain_name(name) == wanted), None)


def add_tags(row: Row, creation: Creation) -> list[str]:
    """Put the tags where the call wants them; returns ["tags"] if it takes none."""
    tags = creation.inputs.get("tags")
    if not tags or "tags" in row.elsewhere:
        return []
    if row.tag_type:
        listed = [{"Key": key, "Value": value} for key, value in tags.items()]
        creation.parameters["TagSpecifications"] = [{"ResourceType": row.tag_type, "Tags": listed}]
        return []
    member = tag_member(row, creation.cloud)
    if member is None:
        return ["tags"]
    shape = creation.cloud.input_shape(row.create).members[member]
    creation.parameters[member] = convert(tags, shape, [])
    return []


def make(row: Row, creation: Creation) -> None:
    """Make the resource with the parameters that `parameters_for` left; fills in `id` and `outputs`.

    Raises ApiError if an emulator refuses it.
    """
    answer = row.adopt(creation) if row.adopt else None
    creation.response = answer or creation.call(row.create, **creation.parameters)
    creation.id = find_id(row, creation)
    if row.outputs_from is not None:
        creation.outputs |= to_outputs(dig(creation.response, row.outputs_from))
    creation.outputs |= {name: dig(creation.response, path) for name, path in row.outputs.items()}
    creation.outputs |= creation.given  # the program's own word goes before the API's echo of it
    if row.name:
        creation.outputs.setdefault("name", creation.parameters[row.name])
    creation.outputs["tagsAll"] = creation.inputs.get("tags") or {}
    creation.outputs["region"] = creation.cloud.region
    if row.finish:
        row.finish(creation)


def find_id(row: Row, creation: Creation) -> str:
    """The physical id, from where the row says it is."""
    if row.id == "name":
        return str(creation.parameters[row.name])
    if row.id.startswith("input:"):
        return str(creation.inputs[row.id.removeprefix("input:")])
    return str(dig(creation.response, row.id))
