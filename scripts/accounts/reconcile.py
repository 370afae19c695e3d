"""What differs between the pool and the database, and how to mend it. The pool is right."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from scripts.accounts import table
from scripts.accounts.errors import UsersError
from scripts.accounts.pool import Account, Pool
from scripts.accounts.table import Row, as_row, rows

if TYPE_CHECKING:
    from scripts.accounts.table import Connection

FEW = 10
"""So many rows may go without asking, however few there are."""


@dataclass(frozen=True)
class Differences:
    """`missing`: confirmed users without a row; `changed`: users whose row says something else; `orphaned`: ids of
    rows whose user is no more; `ownerless`: ids of users who are no more and how many products they left behind.
    `rows` and `owners` are how many there are of each."""

    missing: tuple[Account, ...]
    changed: tuple[tuple[Account, Row], ...]
    orphaned: tuple[str, ...]
    ownerless: tuple[tuple[str, int], ...]
    rows: int
    owners: int

    def __bool__(self) -> bool:
        return bool(self.missing or self.changed or self.orphaned or self.ownerless)

    def lines(self) -> list[str]:
        """One line for each difference, for people."""
        found = [f"+ {account.id}  {account.email}: has no row" for account in self.missing]
        for account, row in self.changed:
            members = zip(("email", "name", "groups", "enabled"), row, as_row(account), strict=True)
            differing = [f"{name} {old!r} -> {new!r}" for name, old, new in members if old != new]
            found.append(f"~ {account.id}  {account.email}: {', '.join(differing)}")
        found += [f"- {user_id}: the pool has no such user" for user_id in self.orphaned]
        return found + [f"- {owner}: left {count} product(s) behind" for owner, count in self.ownerless]


async def differences(users: Connection, products: Connection, pool: Pool) -> Differences:
    """Look. The tables are read first, so that whoever signs up meanwhile is at worst seen as missing, which is mended
    without harm; a row or a product is orphaned only if the pool says so again when asked for this one user."""
    kept, owners = await rows(users), await table.owners(products)
    accounts = {account.id: account for account in pool.accounts()}
    return Differences(
        missing=tuple(a for a in accounts.values() if a.confirmed and a.id not in kept),
        changed=tuple((a, kept[a.id]) for a in accounts.values() if a.id in kept and kept[a.id] != as_row(a)),
        orphaned=tuple(user_id for user_id in kept if user_id not in accounts and not pool.exists(user_id)),
        ownerless=tuple(
            (owner, count) for owner, count in owners.items() if owner not in accounts and not pool.exists(owner)
        ),
        rows=len(kept),
        owners=len(owners),
    )


async def mend(users: Connection, products: Connection, found: Differences, *, delete_many: bool) -> None:
    """Make the database say what the pool says; UsersError, and nothing done, when that would take away most of it."""
    for gone, of, what in (
        (len(found.orphaned), found.rows, "rows"),
        (len(found.ownerless), found.owners, "owners of products"),
    ):
        if gone > max(FEW, of // 2) and not delete_many:
            raise UsersError(
                f"{gone} of {of} {what} have no user: is this the right pool? "
                "If so, say --delete-many as well. Nothing has been changed."
            )
    async with users.transaction(), products.transaction():
        for account in found.missing:
            await table.add(users, account)
        for account, _ in found.changed:
            await table.update(users, account)
        for user_id in found.orphaned:
            await table.remove(users, user_id)
        for owner, _ in found.ownerless:
            await table.remove_products(products, owner)
