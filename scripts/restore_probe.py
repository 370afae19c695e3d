"""What the restore drill's task runs: is the copy of the database what the original is?

It runs inside the service's own image, so it needs nothing but the standard library and the service's database driver.
"""

from __future__ import annotations

import asyncio
import os

import asyncpg

REVISION = "alembic_version"

# Other services' tables are in the same database, and none of ours to read.
TABLES = """
    SELECT schemaname, relname FROM pg_stat_user_tables
    WHERE has_schema_privilege(schemaname, 'usage') AND has_table_privilege(relid, 'select')
    ORDER BY schemaname, relname
"""


async def content(host: str) -> dict[str, str | int]:
    """Table -> number of rows; for the one that names the schema's revision, the revision."""
    tls = os.environ["DATABASE_TLS"] != "disable"
    connection = await asyncpg.connect(
        host=host,
        port=int(os.environ["DATABASE_PORT"]),
        database=os.environ["DATABASE_NAME"],
        user=os.environ["DATABASE_USER"],
        password=os.environ["DATABASE_PASSWORD"],
        ssl="require" if tls else None,
    )
    try:
        found: dict[str, str | int] = {}
        for schema, table in await connection.fetch(TABLES):
            what = "version_num" if table == REVISION else "count(*)"
            found[f"{schema}.{table}"] = await connection.fetchval(f'SELECT {what} FROM "{schema}"."{table}"')  # noqa: S608
        return found
    finally:
        await connection.close()


def differences(original: dict[str, str | int], copy: dict[str, str | int]) -> list[str]:
    """What is missing from the copy. Rows may have come and gone since it was taken, but not all of a table's."""
    said = [] if copy else ["no table is there"]
    for table, value in original.items():
        if table not in copy:
            said.append(f"{table} is not there")
        elif table.endswith(f".{REVISION}") and copy[table] != value:
            said.append(f"{table} is at {copy[table]}, the original at {value}")
        elif value and not copy[table]:
            said.append(f"{table} is empty, the original has {value} rows")
    return said


async def main() -> None:
    """Ends with a sentence for each difference, if there is one."""
    original, copy = await content(os.environ["ORIGINAL_HOST"]), await content(os.environ["DATABASE_HOST"])
    for table, value in copy.items():
        print(f"{table}: {value}, the original: {original.get(table)}", flush=True)
    if said := differences(original, copy):
        raise SystemExit("; ".join(said))


if __name__ == "__main__":
    asyncio.run(main())
