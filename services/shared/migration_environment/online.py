"""Changes of a table that is in use."""

from __future__ import annotations

from alembic import op


def build_index(schema: str, name: str, definition: str) -> None:
    """CREATE INDEX CONCURRENTLY `name` ON `schema`.`definition`: readers and writers go on meanwhile.

    A build that was interrupted leaves an index that is not valid and in nobody's use; the next attempt drops it first.
    Runs outside of the revision's transaction, so a revision that builds indexes does nothing else.
    """
    with op.get_context().autocommit_block():
        connection = op.get_bind()  # op.execute would take a colon in the definition for a parameter
        # Nobody queues behind this build, so it may wait for the transactions that were there before it.
        connection.exec_driver_sql("SET lock_timeout = 0")
        connection.exec_driver_sql(f"DROP INDEX CONCURRENTLY IF EXISTS {schema}.{name}")
        connection.exec_driver_sql(f"CREATE INDEX CONCURRENTLY {name} ON {schema}.{definition}")
        connection.exec_driver_sql("RESET lock_timeout")
