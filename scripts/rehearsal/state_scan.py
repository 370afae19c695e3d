"""Looks for secrets that stand in clear text in a stack's state."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

SIGNATURE, SECRET = "4dabf18193072939515e22adb298388d", "1b47061264138c4ac30d75fd1eb44270"
"""How Pulumi marks a secret: the key of the special objects, and its value for secrets."""

SHORTEST = 8
"""Characters of a text that is looked for: shorter ones are found everywhere."""

NAMED_LIKE_ONE = re.compile(
    r"(password|passwd|passphrase|secret|secret_?string|private_?key|api_?key|(access|auth|session|refresh)_?token|"
    r"credentials?|session_?keys)$",
    re.IGNORECASE,
)
NO_VALUE = re.compile(r"arn:[a-z-]+:\S+|true|false|[A-Z_]+|\d+(\.\d+)?|seconds|minutes|hours|days")
"""What a member named like a secret may hold: where it is, a switch, a choice, a number, a unit of time."""


def find_secrets(state: Mapping[str, Any], known: Mapping[str, str], backend: Path | None = None) -> list[str]:
    """A line for each secret in clear text: where it stands, never what it is.

    `state` is an export with secrets shown (`pulumi stack export --show-secrets`), where each stands marked. `known`:
    what it is -> value, for values that must not be there though nothing in the state may mark them. `backend`: the
    folder in which the state is kept, with its history and copies; there nothing is in clear text but what is plain.
    """
    resources = state["deployment"].get("resources") or []
    public = {str(resource.get("id")) for resource in resources}
    values = {value: what for what, value in known.items() if len(value) >= SHORTEST}
    for resource in resources:
        for where, value in marked({part: resource.get(part) for part in ("inputs", "outputs")}):
            if len(value) >= SHORTEST and value not in public and not NO_VALUE.fullmatch(value):
                values.setdefault(value, f"{name_of(resource)} {where}")
    return [*_in_resources(resources, values), *(_in_files(backend, values) if backend else [])]


def count_secrets(state: Mapping[str, Any]) -> int:
    """How many outputs of resources are marked as secret."""
    return sum(1 for resource in state["deployment"].get("resources") or [] for _ in _marks(resource.get("outputs")))


def _in_resources(resources: list[dict[str, Any]], values: Mapping[str, str]) -> Iterator[str]:
    for resource in resources:
        for where, name, text in unmarked({part: resource.get(part) for part in ("inputs", "outputs")}):
            found = next((what for value, what in values.items() if value in text), None)
            if found:
                yield f"{name_of(resource)} {where}: holds in clear text the secret of {found}"
            elif NAMED_LIKE_ONE.search(name) and text and not NO_VALUE.fullmatch(text):
                yield f"{name_of(resource)} {where}: is named like a secret and not marked as one"


def _in_files(backend: Path, values: Mapping[str, str]) -> Iterator[str]:
    for file in sorted(path for path in backend.rglob("*") if path.is_file()):
        text = file.read_text(encoding="utf-8", errors="replace")
        for value, what in values.items():
            if value in text:
                yield f"the file {file.relative_to(backend)} holds in clear text the secret of {what}"


def name_of(resource: Mapping[str, Any]) -> str:
    """type and name."""
    kind, name = str(resource["urn"]).split("::")[-2:]
    return f"{name} ({kind.rpartition('$')[2]})"


def is_marked(value: Any) -> bool:
    """Whether Pulumi keeps the value as a secret."""
    return isinstance(value, dict) and value.get(SIGNATURE) == SECRET


def _marks(value: Any) -> Iterator[dict[str, Any]]:
    if is_marked(value):
        yield value
    elif isinstance(value, dict):
        for key, member in value.items():
            if not key.startswith("__"):
                yield from _marks(member)
    elif isinstance(value, list):
        for item in value:
            yield from _marks(item)


def marked(value: Any, where: str = "") -> Iterator[tuple[str, str]]:
    """(path, text) of each text that is marked as secret."""
    if is_marked(value):
        yield from ((where, text) for text in _texts(_revealed(value)))
    elif isinstance(value, dict):
        for key, member in value.items():
            # Providers keep notes of their own under such names.
            if not key.startswith("__"):
                yield from marked(member, f"{where}.{key}".lstrip("."))
    elif isinstance(value, list):
        for number, item in enumerate(value):
            yield from marked(item, f"{where}[{number}]")


def _revealed(value: dict[str, Any]) -> Any:
    text = value.get("plaintext", value.get("value"))
    try:
        return json.loads(text) if isinstance(text, str) else text
    except ValueError:
        return text


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for member in value.values():
            yield from _texts(member)
    elif isinstance(value, list):
        for item in value:
            yield from _texts(item)


def unmarked(value: Any, where: str = "", name: str = "") -> Iterator[tuple[str, str, str]]:
    """(path, member's name, text) of each plain text, inside of JSON documents and name/value pairs too."""
    if is_marked(value):
        return
    if isinstance(value, dict):
        if isinstance(value.get("name"), str) and isinstance(value.get("value"), str):
            yield f"{where}[{value['name']}]", value["name"], value["value"]
        for key, member in value.items():
            yield from unmarked(member, f"{where}.{key}".lstrip("."), key)
    elif isinstance(value, list):
        for number, item in enumerate(value):
            yield from unmarked(item, f"{where}[{number}]", name)
    elif isinstance(value, str):
        inner = _document(value)
        if inner is None:
            yield where, name, value
        else:
            yield from unmarked(inner, f"{where}(json)", name)


def _document(text: str) -> Any:
    if text[:1] not in ("{", "["):
        return None
    try:
        return json.loads(text)
    except ValueError:
        return None
