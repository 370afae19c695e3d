"""Users from the command line: `python -m scripts.users list | create-admin | disable | enable | reconcile`.

Of the local run, unless `--stack NAME` or `--outputs FILE` names a deployed one: then AWS credentials are taken from
where the AWS CLI takes them, and the database, which is private, is reached through `--database 127.0.0.1:PORT`.
"""

from __future__ import annotations

import argparse
import asyncio
import secrets
import string
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from botocore.exceptions import BotoCoreError, ClientError

from scripts.accounts import table
from scripts.accounts.errors import UsersError
from scripts.accounts.pool import Account, Pool
from scripts.accounts.reconcile import differences, mend
from scripts.accounts.stack import Stack, deployed_stack, local_stack
from scripts.local.errors import LocalRunError
from scripts.local.terminal import print_table
from scripts.stack import StackError

DIFFERENT = 3
"""Exit code of a dry run that found something to mend."""

TEMPORARY_LENGTH = 20

Command = Callable[[argparse.Namespace, Stack], Awaitable[int]]


def main(arguments: list[str] | None = None) -> int:
    """Run one command; its exit code: 0, 1 after saying why not, 3 for differences in a dry run."""
    options = parser().parse_args(arguments)
    run: Command = options.run
    try:
        return asyncio.run(_run(run, options))
    except (UsersError, LocalRunError, StackError) as error:
        print(error, file=sys.stderr)
    except ClientError as error:
        print(f"AWS refuses {error.operation_name}: {error.response['Error'].get('Message')}", file=sys.stderr)
    except BotoCoreError as error:
        print(f"AWS cannot be asked: {error}", file=sys.stderr)
    return 1


def parser() -> argparse.ArgumentParser:
    """The commands and their options."""
    root = argparse.ArgumentParser(prog="python -m scripts.users", description="Lists, makes and mends users.")
    where = root.add_mutually_exclusive_group()
    where.add_argument("--state-dir", type=Path, help="of the local run (default: .local)")
    where.add_argument("--stack", help="a deployed stack, by the Pulumi CLI")
    where.add_argument("--outputs", type=Path, help="a deployed stack, by what `pulumi stack output --json` wrote")
    root.add_argument("--database", metavar="HOST:PORT", help="a forwarded port of a deployed stack's database")
    commands = root.add_subparsers(required=True, metavar="COMMAND")

    def add(name: str, run: Command, summary: str) -> argparse.ArgumentParser:
        command = commands.add_parser(name, help=summary, description=summary)
        command.set_defaults(run=run)
        return command

    listing = add("list", list_users, "Show the pool's users, newest first.")
    listing.add_argument("search", nargs="?", default="", help="only those with this in their email or name")
    making = add("create-admin", create_admin, "Make an administrator, or make a user one.")
    making.add_argument("email")
    making.add_argument("--name", default="Administrator")
    making.add_argument(
        "--print-password", action="store_true", help="show the temporary password here instead of having it mailed"
    )
    for name, run, summary in (
        ("disable", disable, "Sign a user out everywhere and let them in no more."),
        ("enable", enable, "Let a user in again."),
    ):
        add(name, run, summary).add_argument("who", help="email address or id")
    mending = add("reconcile", reconcile, "Show where the database differs from the pool; mend it with --apply.")
    mending.add_argument("--apply", action="store_true", help="mend it")
    mending.add_argument("--delete-many", action="store_true", help="even if most rows go")
    return root


async def _run(run: Command, options: argparse.Namespace) -> int:
    if options.stack or options.outputs:
        stack = deployed_stack(options.stack, options.outputs, options.database)
    else:
        stack = local_stack(options.state_dir)
    return await run(options, stack)


async def list_users(options: argparse.Namespace, stack: Stack) -> int:
    """Show the pool's users."""
    wanted = options.search.lower()
    found = [a for a in Pool(stack).accounts() if wanted in a.email.lower() or wanted in a.name.lower()]
    print_table(("id", "email", "name", "groups", "status", "created"), [_cells(account) for account in found])
    return 0


async def create_admin(options: argparse.Namespace, stack: Stack) -> int:
    """Make an administrator."""
    password = _temporary_password() if options.print_password else None
    account = Pool(stack).create_administrator(options.email.lower(), options.name, password)
    print(f"{account.email} ({account.id}) is an administrator.")
    if account.confirmed:
        print("They had an account already and keep their password; the next token says that they are one.")
    elif password is not None:
        print(f"Temporary password, for the first sign-in: {password}")
    else:
        print("A temporary password has been mailed to them.")
    return 0


async def disable(options: argparse.Namespace, stack: Stack) -> int:
    """Let a user in no more."""
    pool = Pool(stack)
    account = pool.find(options.who)
    async with _connected(stack, "identity") as connection:
        pool.disable(account)
        minutes = pool.access_token_minutes(stack.outputs["cognito_user_pool_client_id"])
        await table.withdraw_tokens(connection, account.id, minutes)
        await table.update(connection, pool.find(account.id))
    print(f"{account.email} is signed out everywhere within half a minute, and cannot sign in.")
    return 0


async def enable(options: argparse.Namespace, stack: Stack) -> int:
    """Let a user in again."""
    pool = Pool(stack)
    account = pool.find(options.who)
    async with _connected(stack, "identity") as connection:
        pool.enable(account)
        await table.update(connection, pool.find(account.id))
    print(f"{account.email} can sign in again.")
    return 0


async def reconcile(options: argparse.Namespace, stack: Stack) -> int:
    """Show, and with --apply mend, what differs."""
    async with _connected(stack, "identity") as rows, _connected(stack, "data") as products:
        found = await differences(rows, products, Pool(stack))
        print("\n".join(found.lines()) or "The database says what the pool says.")
        if not found:
            return 0
        if not options.apply:
            print("Nothing has been changed: mend it with --apply.")
            return DIFFERENT
        await mend(rows, products, found, delete_many=options.delete_many)
    gone = len(found.orphaned) + len(found.ownerless)
    print(f"Mended: {len(found.missing)} added, {len(found.changed)} changed, {gone} removed.")
    return 0


@asynccontextmanager
async def _connected(stack: Stack, service: str) -> AsyncIterator[table.Connection]:
    connection = await stack.connect(service)
    try:
        yield connection
    finally:
        await connection.close()


def _cells(account: Account) -> tuple[str, ...]:
    status = account.status if account.enabled else "DISABLED"
    created = account.created_at.isoformat(timespec="seconds")
    return account.id, account.email, account.name, ",".join(account.groups), status, created


def _temporary_password() -> str:
    """Random, and with a character of each kind that a policy may ask for."""
    kinds = (string.ascii_lowercase, string.ascii_uppercase, string.digits, "-!%+")
    letters = [secrets.choice(kind) for kind in kinds]
    letters += [secrets.choice(string.ascii_letters + string.digits) for _ in range(TEMPORARY_LENGTH - len(kinds))]
    secrets.SystemRandom().shuffle(letters)
    return "".join(letters)


if __name__ == "__main__":
    sys.exit(main())
