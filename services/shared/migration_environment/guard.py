"""What a revision may do while the release before it is running: add. Whatever else it does needs a flag.

Closed by default: a statement that is not known to leave the running release unharmed counts as destructive. That is
what it drops, renames, retypes or newly demands; a new constraint or unique index among them, since writes of the
running release may not meet it. Nobody needs an index or a constraint in order to run, so those may go.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

_NAME = r'[\w."]+'
_EXPANDING = re.compile(
    rf"""
    (select|show|set|reset|values|insert|update|with|analyze|comment|grant)\b
    | create\ (or\ replace\ )?(table|index|sequence|type|schema|view|function|extension)\b
    | drop\ index\b
    | alter\ type\ {_NAME}\ add\ value\b
    | alter\ table\ (if\ exists\ )?(only\ )?{_NAME}\ (?P<actions>.*)
    """,
    re.VERBOSE,
)
_EXPANDING_ACTION = re.compile(
    r"""
    add\ column\ (?!.*\bnot\ null\b)
    | add\ column\ .*\b(default|generated)\b
    | alter\ column\ [\w"]+\ (set\ default|drop\ default|drop\ not\ null|set\ statistics)\b
    | drop\ constraint\b
    | validate\ constraint\b
    | set\ \(
    """,
    re.VERBOSE,
)
_DESTROYING = re.compile(r"\b(delete from|truncate|drop (table|column|schema|type|view|sequence|function|role))\b")
_NOT_SQL = re.compile(r"--[^\n]*|/\*.*?\*/|'(?:[^']|'')*'", re.DOTALL)
_FUNCTION_BODY = re.compile(r"\$(\w*)\$.*?\$\1\$", re.DOTALL)


def destructive_statements(sql: str) -> list[str]:
    """Those of the statements that the running release may not survive, in lower case, literals left out."""
    bare = _FUNCTION_BODY.sub("''", _NOT_SQL.sub(_blank, sql))
    statements = (re.sub(r"\s+", " ", statement).strip().lower() for statement in bare.split(";"))
    return [statement for statement in statements if statement and not _expands(statement)]


def _blank(found: re.Match[str]) -> str:
    return "''" if found[0].startswith("'") else " "


def _expands(statement: str) -> bool:
    known = _EXPANDING.match(statement)
    if known is None or _DESTROYING.search(statement):
        return False
    actions = known["actions"]
    return actions is None or all(_EXPANDING_ACTION.match(action) for action in _parts(actions))


def _parts(actions: str) -> Iterator[str]:
    """The actions of one ALTER TABLE: what stands between commas that are in no parentheses."""
    depth, start = 0, 0
    for place, character in enumerate(actions):
        depth += (character == "(") - (character == ")")
        if character == "," and depth == 0:
            yield actions[start:place].strip()
            start = place + 1
    yield actions[start:].strip()
