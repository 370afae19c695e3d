"""Run by Alembic, whose `context` exists only then."""

from alembic import context

from services.shared.migrations import VERSION_TABLE

attributes = context.config.attributes
context.configure(
    connection=attributes["connection"],
    version_table=VERSION_TABLE,
    version_table_schema=attributes["schema"],
    transaction_per_migration=True,
)
with context.begin_transaction():
    context.run_migrations()
