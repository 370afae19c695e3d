"""Users, as far as this platform keeps them itself: the user pool is the authority."""

from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Create the table. `id` is the user's `sub`."""
    op.execute("""
        CREATE TABLE identity.users (
            id text PRIMARY KEY,
            email text NOT NULL,
            name text NOT NULL,
            created_at timestamptz NOT NULL DEFAULT now()
        )
    """)
