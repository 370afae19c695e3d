"""The conversion from Pulumi's inputs to an AWS call's parameters."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.model import ShapeResolver, StructureShape

from scripts.local.engine.shapes import camel, dig, to_outputs, to_parameters

SHAPES: dict[str, Any] = {
    "Call": {
        "type": "structure",
        "members": {
            "CallbackURLs": {"shape": "Texts"},
            "Count": {"shape": "Number"},
            "Enabled": {"shape": "Flag"},
            "Name": {"shape": "Text"},
            "Policies": {"shape": "Policies"},
            "Tags": {"shape": "Tags"},
            "Labels": {"shape": "Map"},
        },
    },
    "Policies": {"type": "structure", "members": {"PasswordPolicy": {"shape": "PasswordPolicy"}}},
    "PasswordPolicy": {"type": "structure", "members": {"MinimumLength": {"shape": "Number"}}},
    "Tags": {"type": "list", "member": {"shape": "Tag"}},
    "Tag": {"type": "structure", "members": {"Key": {"shape": "Text"}, "Value": {"shape": "Text"}}},
    "Map": {"type": "map", "key": {"shape": "Text"}, "value": {"shape": "Text"}},
    "Texts": {"type": "list", "member": {"shape": "Text"}},
    "Text": {"type": "string"},
    "Number": {"type": "integer"},
    "Flag": {"type": "boolean"},
}


def converted(inputs: dict[str, Any], rename: dict[str, str] | None = None) -> tuple[dict[str, Any], list[str]]:
    shape = ShapeResolver(SHAPES).get_shape_by_name("Call")
    assert isinstance(shape, StructureShape)
    problems: list[str] = []
    return to_parameters(inputs, shape, rename or {}, problems), problems


@pytest.mark.parametrize(
    ("inputs", "parameters"),
    [
        ({"callbackUrls": ["a"]}, {"CallbackURLs": ["a"]}),
        ({"count": 3.0}, {"Count": 3}),
        ({"count": "3"}, {"Count": 3}),
        ({"enabled": "true"}, {"Enabled": True}),
        ({"name": {"b": 1}}, {"Name": '{"b": 1}'}),
        ({"name": True}, {"Name": "true"}),
        ({"callbackUrls": '["a", "b"]'}, {"CallbackURLs": ["a", "b"]}),
        ({"callbackUrls": "a"}, {"CallbackURLs": ["a"]}),
        (
            {"policies": [{"passwordPolicy": {"minimumLength": 8}}]},
            {"Policies": {"PasswordPolicy": {"MinimumLength": 8}}},
        ),
        ({"tags": {"team": "a"}}, {"Tags": [{"Key": "team", "Value": "a"}]}),
        ({"tags": [{"key": "team", "value": "a"}]}, {"Tags": [{"Key": "team", "Value": "a"}]}),
        ({"labels": {"x": 1}}, {"Labels": {"x": "1"}}),
        ({"names": "a"}, {"Name": "a"}),
        ({"name": None}, {}),
    ],
)  # fmt: skip
def test_a_value_takes_the_form_that_the_call_wants(inputs: dict[str, Any], parameters: dict[str, Any]) -> None:
    assert converted(inputs) == (parameters, [])


def test_a_renamed_input_can_lie_deeper() -> None:
    rename = {"passwordPolicy": "Policies.PasswordPolicy"}
    assert converted({"passwordPolicy": {"minimumLength": 12}}, rename) == (
        {"Policies": {"PasswordPolicy": {"MinimumLength": 12}}},
        [],
    )


def test_what_has_no_place_is_named_with_its_path() -> None:
    _, problems = converted({"colour": "red", "policies": {"passwordPolicy": {"maximumLength": 9}}})
    assert problems == ["colour", "policies.passwordPolicy.maximumLength"]


def test_an_answers_scalars_get_pulumis_names() -> None:
    answer = {"VpcId": "v", "ARN": "a", "DBName": "d", "IsDefault": False, "Tags": [], "Endpoint": {"Port": 1}}
    assert to_outputs(answer) == {"vpcId": "v", "arn": "a", "dbName": "d", "isDefault": False}


@pytest.mark.parametrize(("path", "value"), [("A.0.B", 1), ("A.1.B", None), ("X.Y", None), ("", {"A": [{"B": 1}]})])
def test_a_path_that_leads_nowhere_finds_nothing(path: str, value: object) -> None:
    assert dig({"A": [{"B": 1}]}, path) == value


@pytest.mark.parametrize(("name", "expected"), [("VpcId", "vpcId"), ("ARN", "arn"), ("DBName", "dbName"), ("a", "a")])
def test_a_member_gets_pulumis_name(name: str, expected: str) -> None:
    assert camel(name) == expected
