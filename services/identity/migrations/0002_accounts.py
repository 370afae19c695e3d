"""What administrators list of users, and whose tokens have been withdrawn."""

from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Only add. `groups` and `enabled` are copies of what the pool knows; the pool is the authority."""
    op.execute("ALTER TABLE identity.users ADD COLUMN groups text[] NOT NULL DEFAULT '{}'")
    op.execute("ALTER TABLE identity.users ADD COLUMN enabled boolean NOT NULL DEFAULT true")
    op.execute("CREATE INDEX users_newest_first ON identity.users (created_at DESC, id DESC)")
    op.execute("""
        CREATE TABLE identity.user_revocations (
            id text PRIMARY KEY,
            not_before bigint NOT NULL,
            expires_at timestamptz NOT NULL
        )
    """)
    op.execute("CREATE INDEX user_revocations_expiry ON identity.user_revocations (expires_at)")
