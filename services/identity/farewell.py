"""Deleting an account with everything that is theirs, and giving it to them first."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime

from services.identity.models import User
from services.identity.own_account import OwnAccount, password_wrong
from services.identity.pool import Tokens, UserPool
from services.identity.products import Products
from services.identity.revocations import RevocationList
from services.identity.users import Users
from services.shared.auth import Principal
from services.shared.database import Database
from services.shared.errors import Problem


@dataclass(frozen=True)
class Farewell:
    """What it takes to let somebody go."""

    pool: UserPool
    account: OwnAccount
    products: Products
    database: Database
    revocations: RevocationList

    async def delete(self, principal: Principal, access_token: str, password: str, address: str) -> None:
        """Delete products, user and row; problem 400 `password_wrong` and nothing deleted without the password.

        Products go first: as long as the user is there, all of this can be repeated. The user goes last but for the
        row's commit, so that a failure of the pool leaves the row.
        """
        await self._authenticate(principal, password, address)
        await self.database.check()
        await self.products.delete_all(access_token)
        async with self.database.connection() as connection, connection.transaction():
            await Users.delete(connection, principal.sub)
            await self.revocations.withdraw(connection, principal.sub)
            await self.account.delete(access_token)
        await self.revocations.in_force.poll()

    async def export(self, user: User, access_token: str) -> AsyncIterator[str]:
        """All that we keep of the user as the pieces of one JSON document. A problem can only come with the first."""
        pages = self.products.pages(access_token)
        page = await anext(pages)
        head = {"exported_at": datetime.now(UTC).isoformat(), "user": user.model_dump(mode="json")}
        yield json.dumps(head, ensure_ascii=False)[:-1] + ', "products": ['
        separator = ""
        while True:
            for product in page:
                yield separator + json.dumps(product, ensure_ascii=False)
                separator = ", "
            try:
                page = await anext(pages)
            except StopAsyncIteration:
                break
        yield "]}\n"

    async def _authenticate(self, principal: Principal, password: str, address: str) -> None:
        """A further step that the pool asks for will do: it comes only after the right password."""
        try:
            outcome = await self.pool.sign_in(principal.username or principal.sub, password, address)
        except Problem as problem:
            if problem.code == "invalid_credentials":
                raise password_wrong() from problem
            raise
        if isinstance(outcome, Tokens):
            await self.pool.revoke(outcome.refresh_token)
