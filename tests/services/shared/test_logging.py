"""Logs: one JSON object a line, whatever is logged by whom."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from services.shared import logging as logs


class Written(io.StringIO):
    """What was logged, line by line."""

    @property
    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.getvalue().split("\n")[:-1]]


@pytest.fixture
def written(monkeypatch: pytest.MonkeyPatch) -> Iterator[Written]:
    """The log of a service called `data`, from level info up."""
    root = logging.getLogger()
    before = root.handlers, root.level
    for name in ("logThreads", "logProcesses", "logMultiprocessing", "_srcfile"):
        monkeypatch.setattr(logging, name, getattr(logging, name))  # so that it comes back afterwards
    stream = Written()
    logs.configure("data", "info", stream)
    yield stream
    root.handlers, level = before
    root.setLevel(level)


def test_a_line_says_when_what_where_and_how_bad(written: Written) -> None:
    logging.getLogger("somewhere").warning("lost %d of %s", 3, "five")
    (line,) = written.lines
    assert {name: line[name] for name in ("level", "service", "logger", "message")} == {
        "level": "warning",
        "service": "data",
        "logger": "somewhere",
        "message": "lost 3 of five",
    }
    assert line["time"].endswith("Z")
    assert datetime.now(UTC) - datetime.fromisoformat(line["time"]) < timedelta(minutes=1)


def test_extra_fields_are_members_of_their_own(written: Written) -> None:
    logging.getLogger("x").info("done", extra={"count": 3, "path": "/a", "odd": object, "nested": {"a": [1]}})
    (line,) = written.lines
    assert (line["count"], line["path"], line["nested"]) == (3, "/a", {"a": [1]})
    assert "object" in line["odd"]


def test_a_line_has_no_members_that_nobody_asked_for(written: Written) -> None:
    logging.getLogger("x").info("done")
    assert set(written.lines[0]) == {"time", "level", "service", "logger", "message"}


def test_lines_of_a_request_carry_its_id(written: Written) -> None:
    token = logs.current_request_id.set("abc")
    logging.getLogger("x").info("inside")
    logs.current_request_id.reset(token)
    logging.getLogger("x").info("outside")
    assert [line.get("request_id") for line in written.lines] == ["abc", None]


def test_an_exception_is_in_the_same_line(written: Written) -> None:
    try:
        raise ValueError("broken")
    except ValueError:
        logging.getLogger("x").exception("it failed")
    (line,) = written.lines
    assert line["message"] == "it failed"
    assert "Traceback" in line["error"]
    assert "ValueError: broken" in line["error"]


def test_a_line_break_in_a_message_makes_no_second_line(written: Written) -> None:
    logging.getLogger("x").info("one\ntwo\r\n%s", '{"level":"error"}\u2028')
    assert len(written.getvalue().split("\n")) == 2
    assert written.lines[0]["message"].startswith("one\ntwo")


def test_what_is_below_the_level_is_not_written(written: Written) -> None:
    logging.getLogger("x").debug("detail")
    assert written.lines == []


def test_the_servers_own_messages_have_the_same_form(written: Written, monkeypatch: pytest.MonkeyPatch) -> None:
    # In a process of its own the server has no handlers; a test that ran before may have given it some.
    monkeypatch.setattr(logging.getLogger("uvicorn"), "handlers", [])
    for name in ("uvicorn", "uvicorn.error"):
        server = logging.getLogger(name)
        monkeypatch.setattr(server, "propagate", True)
        monkeypatch.setattr(server, "level", logging.NOTSET)
        monkeypatch.setattr(server, "_cache", {})
    server.info("Started server process [%d]", 1, extra={"color_message": "\x1b[36m"})
    (line,) = written.lines
    assert (line["message"], "color_message" in line) == ("Started server process [1]", False)


def test_libraries_that_would_log_requests_in_detail_are_kept_quiet(written: Written) -> None:
    for name in ("botocore.endpoint", "urllib3.connectionpool"):
        logging.getLogger(name).info("Authorization: secret")
    assert written.lines == []
