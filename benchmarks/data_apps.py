"""The peers of the products service: the same list and the same product, as little as can be and as people write it.

    python -m benchmarks.data_apps bare|orm PORT postgresql://...

Neither checks tokens, gives ids, logs or counts: all that comes on top in ours.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

import asyncpg
import msgspec
import uvicorn
from fastapi import Depends, FastAPI, HTTPException, Query
from pydantic import BaseModel, ConfigDict
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
from starlette.types import ASGIApp, Receive, Scope, Send

PATH = "/api/v1/products"
POOL = 8
COLUMNS = "id, name, description, price_minor, currency, owner_id, created_at, updated_at"
LIST = f"SELECT {COLUMNS} FROM products ORDER BY created_at DESC, id DESC LIMIT 21"  # noqa: S608
ONE = f"SELECT {COLUMNS} FROM products WHERE id = $1"  # noqa: S608


class Bare:
    """ASGI, asyncpg and msgspec, and nothing else."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.encode = msgspec.json.Encoder().encode

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """GET the list or one product; nothing else is answered."""
        if scope["type"] == "lifespan":
            await self._lifespan(receive, send)
            return
        async with self.pool.acquire() as connection:
            if scope["path"] == PATH:
                rows = [dict(row) for row in await connection.fetch(LIST)]
                value: Any = {"items": rows[:20], "next_cursor": rows[20]["id"]}
            else:
                row = await connection.fetchrow(ONE, UUID(scope["path"].rpartition("/")[2]))
                value = dict(row) if row else None
        body = self.encode(value)
        headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    async def _lifespan(self, receive: Receive, send: Send) -> None:
        async with asyncpg.create_pool(
            self.url, min_size=POOL, max_size=POOL, server_settings={"search_path": "data"}
        ) as self.pool:
            await receive()
            await send({"type": "lifespan.startup.complete"})
            await receive()
        await send({"type": "lifespan.shutdown.complete"})


class Base(DeclarativeBase):
    """The ORM's."""


class ProductRow(Base):
    """A row, as the ORM maps it."""

    __tablename__ = "products"
    __table_args__ = {"schema": "data"}  # noqa: RUF012 (SQLAlchemy's own way)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    name: Mapped[str]
    description: Mapped[str]
    price_minor: Mapped[int]
    currency: Mapped[str]
    owner_id: Mapped[str]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]


class ProductOut(BaseModel):
    """A product over the wire."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    name: str
    description: str
    price_minor: int
    currency: str
    owner_id: str
    created_at: datetime
    updated_at: datetime


class PageOut(BaseModel):
    """A page over the wire."""

    items: list[ProductOut]
    next_cursor: str | None


def orm(url: str) -> FastAPI:
    """FastAPI, SQLAlchemy's ORM with a session for each request, `response_model`: what people usually write."""
    engine = create_async_engine(url.replace("postgresql://", "postgresql+asyncpg://"), pool_size=POOL, max_overflow=0)
    sessions = async_sessionmaker(engine, expire_on_commit=False)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        yield
        await engine.dispose()

    async def opened_session() -> AsyncIterator[AsyncSession]:
        async with sessions() as opened:
            yield opened

    session_of_request = Depends(opened_session)

    app = FastAPI(lifespan=lifespan)

    @app.get(PATH, response_model=PageOut)
    async def list_products(
        limit: Annotated[int, Query(ge=1, le=100)] = 20,
        cursor: str | None = None,
        session: AsyncSession = session_of_request,
    ) -> dict[str, Any]:
        query = select(ProductRow).order_by(ProductRow.created_at.desc(), ProductRow.id.desc()).limit(limit + 1)
        rows = (await session.scalars(query)).all()
        return {"items": rows[:limit], "next_cursor": str(rows[-1].id) if len(rows) > limit else cursor}

    @app.get(PATH + "/{product_id}", response_model=ProductOut)
    async def get_product(product_id: UUID, session: AsyncSession = session_of_request) -> ProductRow:
        row = await session.get(ProductRow, product_id)
        if row is None:
            raise HTTPException(404)
        return row

    return app


def main(kind: str, port: str, url: str) -> None:
    """Serve one of them, with the server of our services."""
    logging.disable(logging.INFO)
    app: ASGIApp = Bare(url) if kind == "bare" else orm(url)
    uvicorn.run(
        app, host="127.0.0.1", port=int(port), loop="uvloop", http="httptools", access_log=False, log_level="warning"
    )


if __name__ == "__main__":
    main(*sys.argv[1:])
