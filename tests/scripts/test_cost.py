"""What a stack costs, on the command line: the program's own figure, without Pulumi and without AWS."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from scripts.cost import table
from tests.support.stacks import ROOT, stack


def cost(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "scripts.cost", *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=110)


@pytest.mark.parametrize("tier", ["dev", "prod"])
def test_the_command_and_the_stacks_output_say_the_same(tier: str) -> None:
    run = cost("--stack", tier, "--json")
    assert run.returncode == 0, run.stderr
    assert json.loads(run.stdout) == stack(tier).outputs["monthly_estimate"]


def test_a_setting_can_be_tried_before_it_is_made() -> None:
    run = cost("--stack", "dev", "--set", "sri:egress=nat", "--json")
    assert json.loads(run.stdout)["items"]["nat_gateways"] == round(0.045 * 730, 2)


def test_a_configuration_that_is_refused_is_refused_here_too() -> None:
    run = cost("--set", "sri:egress=nut")
    assert run.returncode == 1
    assert "did you mean nat?" in run.stderr
    assert "Traceback" not in run.stderr


def test_a_stack_without_a_file_is_named() -> None:
    run = cost("--stack", "nowhere")
    assert (run.returncode, "Pulumi.nowhere.yaml" in run.stderr) == (1, True)


def test_the_table_begins_with_what_costs_most_and_names_its_prices() -> None:
    found = stack("prod").outputs["monthly_estimate"]
    lines = table("prod", found).splitlines()
    costs = [float(line.split()[-1]) for line in lines[1:] if line.startswith("  ") and "total" not in line]
    assert costs == sorted(costs, reverse=True)
    assert sum(costs) == pytest.approx(found["total"], abs=0.01)
    assert "nat-per-az" in lines[-2]
    assert "2025-06" in lines[-1]
