"""What is said while the engine takes long."""

from __future__ import annotations

import threading

from scripts.delivery.progress import Progress


def test_whatever_has_begun_and_not_ended_is_named_until_it_ends() -> None:
    said: list[str] = []
    heard = threading.Event()

    def say(line: str) -> None:
        said.append(line)
        heard.set()

    with Progress(say, every_s=0.01) as progress:
        for number in range(7):
            progress.began(f"rds.Instance {number}")
        progress.ended("rds.Instance 0")
        heard.clear()
        assert heard.wait(5)
        for number in range(7):
            progress.ended(f"rds.Instance {number}")
    five = ", ".join(f"rds.Instance {number} (0 s)" for number in range(1, 6))
    assert f"  still at {five}, and 1 more" in said


def test_nothing_is_said_while_nothing_is_under_way() -> None:
    said: list[str] = []
    with Progress(said.append, every_s=0.01) as progress:
        progress.began("a")
        progress.ended("a")
        threading.Event().wait(0.05)
    assert said == []
