"""The front door over real HTTP, in front of a real server that tells what reached it."""

from __future__ import annotations

import asyncio
import gzip
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from yarl import URL

from scripts.local.front_door import FrontDoor
from scripts.local.processes import HOST, free_ports
from scripts.local.routing import Action, Condition, Routing, Rule


class Targets:
    """One service, wherever it is at the moment."""

    def __init__(self) -> None:
        self.port: int | None = None

    def address(self, service: str) -> tuple[str, int] | None:
        assert service == "echo"
        return (HOST, self.port) if self.port else None


ROUTING = Routing(
    (
        Rule(
            conditions=(Condition(field="path-pattern", values=("/old/*",)),),
            action=Action(kind="redirect", status=301, location="#{protocol}://#{host}:#{port}/new/#{path}?#{query}"),
        ),
        Rule(
            conditions=(Condition(field="path-pattern", values=("/hidden",)),),
            action=Action(kind="fixed-response", status=404, body="Not found"),
        ),
        Rule(conditions=(), action=Action(kind="forward", service="echo")),
    )
)


async def echo(request: web.Request) -> web.Response:
    """What arrived."""
    body = await request.read()
    seen = {"method": request.method, "path": request.raw_path, "body": body.decode()}
    response = web.json_response({**seen, "headers": dict(request.headers)})
    response.headers.add("Set-Cookie", "a=1")
    response.headers.add("Set-Cookie", "b=2")
    response.headers.update({"Connection": "X-Private", "X-Private": "1", "Server": "echo"})
    return response


async def zipped(_request: web.Request) -> web.Response:
    return web.Response(body=gzip.compress(b"words"), headers={"Content-Encoding": "gzip"})


async def same(_request: web.Request) -> web.Response:
    return web.Response(status=304, headers={"ETag": '"1"'})


async def none(_request: web.Request) -> web.Response:
    return web.Response(status=204)


async def slowly(request: web.Request) -> web.StreamResponse:
    response = web.StreamResponse()
    await response.prepare(request)
    for part in (b"one", b"two"):
        await response.write(part)
        await asyncio.sleep(0.2)
    return response


async def broken(request: web.Request) -> web.StreamResponse:
    response = web.StreamResponse()
    await response.prepare(request)
    await response.write(b"half")
    assert request.transport
    request.transport.abort()
    return response


@pytest.fixture
def targets() -> Targets:
    return Targets()


@pytest.fixture
async def service(targets: Targets) -> AsyncIterator[web.AppRunner]:
    """The service behind the front door; it is up."""
    app = web.Application()
    app.add_routes([web.get("/zipped", zipped), web.get("/slowly", slowly), web.get("/broken", broken)])
    app.add_routes([web.get("/same", same), web.get("/none", none)])
    app.router.add_route("*", r"/{path:[\s\S]*}", echo)
    runner = web.AppRunner(app)
    await runner.setup()
    targets.port = free_ports(1)[0]
    await web.TCPSite(runner, HOST, targets.port).start()
    yield runner
    await runner.cleanup()


@pytest.fixture
async def client(targets: Targets) -> AsyncIterator[aiohttp.ClientSession]:
    """A client of a running front door."""
    door = FrontDoor(targets, patience=0.5)
    door.routing = ROUTING
    port = free_ports(1)[0]
    await door.start(port)
    async with aiohttp.ClientSession(base_url=f"http://{HOST}:{port}") as session:
        yield session
    await door.stop()


async def told(response: aiohttp.ClientResponse) -> dict[str, Any]:
    assert response.status == 200
    content: dict[str, Any] = await response.json()
    return content


@pytest.mark.usefixtures("service")
async def test_a_request_reaches_the_service_as_it_was_sent(client: aiohttp.ClientSession) -> None:
    async with client.request("PATCH", "/a%2Fb?x=%20y&x=2", data="body", headers={"X-Own": "1"}) as response:
        seen = await told(response)
    assert (seen["method"], seen["path"], seen["body"]) == ("PATCH", "/a%2Fb?x=%20y&x=2", "body")
    assert seen["headers"]["X-Own"] == "1"
    assert seen["headers"]["Host"] == f"{HOST}:{client._base_url.port}"  # type: ignore[union-attr]


@pytest.mark.usefixtures("service")
async def test_the_service_learns_who_asked_and_how(client: aiohttp.ClientSession) -> None:
    forged = {"X-Forwarded-For": "10.1.1.1", "X-Forwarded-Proto": "https", "X-Forwarded-Port": "443"}
    async with client.get("/", headers=forged) as response:
        headers = (await told(response))["headers"]
    assert headers["X-Forwarded-For"] == f"10.1.1.1, {HOST}"
    assert headers["X-Forwarded-Proto"] == "http"
    assert headers["X-Forwarded-Port"] == str(client._base_url.port)  # type: ignore[union-attr]


@pytest.mark.usefixtures("service")
async def test_headers_of_one_connection_go_no_further(client: aiohttp.ClientSession) -> None:
    headers = {"Connection": "X-Mine", "X-Mine": "1", "Proxy-Authorization": "x", "TE": "trailers", "Upgrade": "h2c"}
    async with client.get("/", headers=headers) as response:
        seen = (await told(response))["headers"]
        assert "X-Private" not in response.headers
    assert not {"X-Mine", "Proxy-Authorization", "TE", "Upgrade"} & set(seen)


@pytest.mark.usefixtures("service")
async def test_every_cookie_of_an_answer_comes_back(client: aiohttp.ClientSession) -> None:
    async with client.get("/") as response:
        assert response.headers.getall("Set-Cookie") == ["a=1", "b=2"]
        assert response.headers["Server"] == "echo"


@pytest.mark.usefixtures("service")
async def test_a_compressed_answer_is_passed_on_as_it_is(client: aiohttp.ClientSession) -> None:
    async with client.get("/zipped") as response:
        assert response.headers["Content-Encoding"] == "gzip"
        assert await response.text() == "words"


@pytest.mark.usefixtures("service")
@pytest.mark.parametrize(
    ("method", "path", "status"), [("HEAD", "/", 200), ("GET", "/same", 304), ("GET", "/none", 204)]
)
async def test_an_answer_without_a_body_has_none(
    client: aiohttp.ClientSession, method: str, path: str, status: int
) -> None:
    async with client.request(method, path) as response:
        assert (response.status, await response.read()) == (status, b"")
    async with client.get("/") as again:
        assert again.status == 200


@pytest.mark.usefixtures("service")
async def test_a_client_that_waits_to_be_asked_for_its_body_is_asked(client: aiohttp.ClientSession) -> None:
    async with client.post("/", data=b"x" * 300_000, expect100=True) as response:
        assert len((await told(response))["body"]) == 300_000


@pytest.mark.usefixtures("service")
async def test_a_body_of_unknown_length_arrives_whole(client: aiohttp.ClientSession) -> None:
    async def parts() -> AsyncIterator[bytes]:
        for part in (b"one", b"two"):
            yield part

    async with client.post("/", data=parts()) as response:
        assert (await told(response))["body"] == "onetwo"


@pytest.mark.usefixtures("service")
async def test_an_answer_is_passed_on_while_it_is_being_written(client: aiohttp.ClientSession) -> None:
    async with client.get("/slowly") as response:
        first = await asyncio.wait_for(response.content.readany(), 0.15)
        assert (first, await response.content.read()) == (b"one", b"two")


@pytest.mark.usefixtures("service")
async def test_an_answer_that_breaks_off_is_no_whole_answer(client: aiohttp.ClientSession) -> None:
    with pytest.raises(aiohttp.ClientPayloadError):
        async with client.get("/broken") as response:
            await response.read()


async def test_before_there_is_anything_to_route_to_the_door_says_so(targets: Targets) -> None:
    door, port = FrontDoor(targets), free_ports(1)[0]
    await door.start(port)
    async with aiohttp.ClientSession() as session, session.get(f"http://{HOST}:{port}/") as response:
        assert (response.status, await response.text()) == (503, "The platform is being started.\n")
    await door.stop()


async def test_a_fixed_response_needs_no_service(client: aiohttp.ClientSession) -> None:
    async with client.get("/hidden") as response:
        assert (response.status, await response.text()) == (404, "Not found")
        assert "Server" not in response.headers


async def test_a_redirect_puts_the_request_into_its_template(client: aiohttp.ClientSession) -> None:
    port = client._base_url.port  # type: ignore[union-attr]
    async with client.get("/old/a?b=c", allow_redirects=False) as response:
        assert (response.status, response.headers["Location"]) == (301, f"http://{HOST}:{port}/new/old/a?b=c")
    async with client.get("/old/a", allow_redirects=False) as response:
        assert response.headers["Location"] == f"http://{HOST}:{port}/new/old/a"


async def test_a_service_that_is_being_started_is_503_in_plain_words(client: aiohttp.ClientSession) -> None:
    async with client.get("/") as response:
        assert (response.status, response.headers["Retry-After"]) == (503, "1")
        assert await response.text() == "The service echo is not ready; it is being started.\n"


async def test_a_service_that_refuses_the_connection_is_502(client: aiohttp.ClientSession, targets: Targets) -> None:
    targets.port = free_ports(1)[0]
    async with client.get("/") as response:
        assert (response.status, await response.text()) == (502, "The service echo does not answer.\n")


async def test_a_request_that_may_be_sent_twice_waits_for_a_service_that_comes_back(
    client: aiohttp.ClientSession, targets: Targets
) -> None:
    targets.port = free_ports(1)[0]
    asked = asyncio.ensure_future(client.get("/late"))
    await asyncio.sleep(0.1)
    runner = web.AppRunner(web.Application())
    runner.app.router.add_route("*", "/{path:.*}", echo)
    await runner.setup()
    await web.TCPSite(runner, HOST, targets.port).start()
    async with await asked as response:
        assert (await told(response))["path"] == "/late"
    await runner.cleanup()


async def test_a_request_is_sent_again_when_the_service_died_of_it_unless_it_could_do_harm(
    client: aiohttp.ClientSession, targets: Targets
) -> None:
    seen: list[str] = []

    async def dying(request: web.Request) -> web.Response:
        seen.append(request.method)
        if len(seen) == 1:
            assert request.transport is not None
            request.transport.abort()
        return web.Response()

    app = web.Application()
    app.router.add_route("*", "/", dying)
    runner = web.AppRunner(app)
    await runner.setup()
    targets.port = free_ports(1)[0]
    await web.TCPSite(runner, HOST, targets.port).start()
    for method, status in (("GET", 200), ("POST", 502)):
        seen.clear()
        async with client.request(method, "/") as response:
            assert response.status == status
    assert seen == ["POST"]
    await runner.cleanup()


@pytest.mark.usefixtures("service")
async def test_a_path_with_an_encoded_line_break_is_left_to_the_service(client: aiohttp.ClientSession) -> None:
    async with client.get(URL("/a%0Ab", encoded=True)) as response:
        assert (await told(response))["path"] == "/a%0Ab"
