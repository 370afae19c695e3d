"""The public paths of this service.

Handlers answer with the encoded rows themselves: `response_model` stands for the document alone, since to build and
check models of our own rows would cost more than the query does.
"""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

import msgspec
from fastapi import APIRouter, Depends, Header, Request, Response
from fastapi.routing import APIRoute
from starlette.types import Receive, Scope, Send

from services.catalog import API_PREFIX
from services.data.cursors import to_cursor
from services.data.etags import accepted_states, etag, is_known
from services.data.listing import ListQuery, OwnQuery
from services.data.models import NewProduct, Product, ProductChanges, ProductPage
from services.data.products import Actor, Products, no_such_product
from services.data.queries import Filters
from services.data.rows import Row
from services.shared.auth import Principal, current_user
from services.shared.errors import Problem
from services.shared.openapi import problems
from services.shared.query import query_parameters, query_reader

PATH = f"{API_PREFIX}/products"
ADMIN = "admin"
ME = "me"

encode = msgspec.json.Encoder().encode
read_page, read_whose = query_reader(ListQuery), query_reader(OwnQuery)

User = Annotated[Principal, Depends(current_user)]
IfMatch = Annotated[str | None, Header(description="The ETag that the product must still have, or `*`.")]
IdempotencyKey = Annotated[
    str | None,
    Header(
        min_length=1,
        max_length=128,
        pattern="^[!-~]+$",
        description="The same key and body again, within a day, make nothing new and are answered as the first time.",
    ),
]

MISSING = {404: "There is no such product."}
REFUSED = MISSING | {403: "The product is somebody else's.", 412: "The product was changed meanwhile."}
OWNER_ME = {"name": "owner", "in": "query", "required": True, "schema": {"type": "string", "enum": [ME]}}


class PlainRoute(APIRoute):
    """A route whose endpoint gets the request and the path's parameters as they are: what FastAPI would do to hand it
    more costs as much again as the rest of a request."""

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request for the route's path."""
        if scope["method"] not in (self.methods or ()):
            await super().handle(scope, receive, send)
            return
        request = Request(scope, receive, send)
        response: Response = await self.endpoint(request, **scope["path_params"])
        await response(scope, receive, send)


def routers(products: Products) -> list[APIRouter]:
    """The routes over `products`."""
    reading = APIRouter(prefix=PATH, tags=["products"], route_class=PlainRoute)
    _add_reading(reading, products)
    writing = APIRouter(prefix=PATH, tags=["products"])
    _add_writing(writing, products)
    _add_deleting(writing, products)
    return [reading, writing]


def _add_reading(routes: APIRouter, products: Products) -> None:
    @routes.get(
        "",
        response_model=ProductPage,
        responses=problems({422: "A parameter makes no sense."}),
        openapi_extra={"parameters": query_parameters(ListQuery)},
        summary="Products, newest first",
    )
    async def list_products(request: Request) -> Response:
        query = read_page(request)
        filters = Filters(
            owner_id=(await current_user(request)).sub if query.owner == ME else query.owner or None,
            currency=query.currency or None,
            search=query.q or None,
        )
        rows, last = await products.page(filters, query.limit, query.after)
        return _json({"items": rows, "next_cursor": to_cursor(last) if last else None})

    @routes.get("/{product_id}", response_model=Product, responses=problems(MISSING), summary="One product")
    async def get_product(request: Request, product_id: str) -> Response:
        row = await products.get(_uuid(product_id))
        tag = etag(row["updated_at"])
        if is_known(request.headers.get("if-none-match"), tag):
            return Response(status_code=304, headers={"etag": tag})
        return _product(row)


def _add_writing(routes: APIRouter, products: Products) -> None:
    @routes.post(
        "",
        status_code=201,
        response_model=Product,
        responses=problems({409: "The first request with this key is still running."}),
        summary="Make a product of one's own",
    )
    async def add_product(product: NewProduct, user: User, idempotency_key: IdempotencyKey = None) -> Response:
        if idempotency_key is None:
            return _created(await products.add(product, user.sub))
        row, replayed = await products.add_once(product, user.sub, idempotency_key)
        return _created(row, **({"idempotent-replayed": "true"} if replayed else {}))

    @routes.patch(
        "/{product_id}",
        response_model=Product,
        responses=problems(REFUSED | {428: "There is no If-Match."}),
        summary="Change a product of one's own",
    )
    async def change_product(
        product_id: str, changes: ProductChanges, user: User, if_match: IfMatch = None
    ) -> Response:
        if if_match is None:
            raise Problem(
                428, "precondition_required", "Send If-Match with the ETag of the product that you want to change."
            )
        return _product(await products.change(_uuid(product_id), _actor(user), accepted_states(if_match), changes))


def _add_deleting(routes: APIRouter, products: Products) -> None:
    @routes.delete(
        "",
        status_code=204,
        responses=problems({400: "`owner=me` is missing."}),
        openapi_extra={"parameters": [OWNER_ME]},
        summary="Delete all products of one's own",
    )
    async def delete_own_products(user: User, whose: Annotated[OwnQuery, Depends(read_whose)]) -> Response:
        if whose.owner != ME:
            raise Problem(400, "owner_required", "Say `?owner=me`: only one's own products can be deleted together.")
        await products.delete_all_of(user.sub)
        return Response(status_code=204)

    @routes.delete(
        "/{product_id}", status_code=204, responses=problems(REFUSED), summary="Delete a product of one's own"
    )
    async def delete_product(product_id: str, user: User, if_match: IfMatch = None) -> Response:
        states = None if if_match is None else accepted_states(if_match)
        await products.delete(_uuid(product_id), _actor(user), states)
        return Response(status_code=204)


def _actor(user: Principal) -> Actor:
    return Actor(user.sub, is_admin=ADMIN in user.groups)


def _uuid(text: str) -> UUID:
    """Ids are opaque to clients: one that cannot be an id of ours names nothing."""
    try:
        return UUID(text)
    except ValueError:
        raise no_such_product() from None


def _created(row: Row, **headers: str) -> Response:
    return _product(row, 201, location=f"{PATH}/{row['id']}", **headers)


def _product(row: Row, status: int = 200, **headers: str) -> Response:
    return _json(row, status, {"etag": etag(row["updated_at"]), **headers})


def _json(value: Any, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    return Response(encode(value), status, headers, media_type="application/json")
