"""What an image's own health check finds out."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from services.shared.probe import is_alive, port_of


class Health(BaseHTTPRequestHandler):
    status = 200

    def do_GET(self) -> None:
        self.send_response(self.status if self.path == "/health/live" else 404)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class names it so
        pass


class Broken(Health):
    status = 503


@pytest.fixture
def server(request: pytest.FixtureRequest) -> Iterator[int]:
    with HTTPServer(("127.0.0.1", 0), request.param) as serving:
        thread = threading.Thread(target=serving.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield serving.server_port
        serving.shutdown()
        thread.join()


@pytest.mark.parametrize(("server", "alive"), [(Health, True), (Broken, False)], indirect=["server"])
def test_a_service_is_alive_when_it_says_so(server: int, alive: bool) -> None:
    assert is_alive(server) is alive


def test_where_nothing_answers_nothing_is_alive() -> None:
    assert not is_alive(1)


@pytest.mark.parametrize(
    ("command", "port"),
    [
        ("python -m services.data serve --host 0.0.0.0 --port 8002", 8002),
        ("/sbin/docker-init -- python -m services.data serve --port 41001 --host 127.0.0.1", 41001),
        ("python -m services.data migrate", None),
        ("python -m services.data serve --port", None),
    ],
)
def test_the_port_is_the_one_in_the_containers_command(command: str, port: int | None) -> None:
    assert port_of(command.split(" ")) == port
