"""The first result of each keyed request, for those who ask again."""

from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Create the table, and the index that old keys are found by."""
    op.execute("""
        CREATE TABLE data.idempotency_keys (
            owner_id text NOT NULL,
            key text NOT NULL CONSTRAINT idempotency_keys_key_length CHECK (length(key) BETWEEN 1 AND 128),
            fingerprint bytea NOT NULL,
            product text NOT NULL,
            expires_at timestamptz NOT NULL,
            PRIMARY KEY (owner_id, key)
        )
    """)
    op.execute("CREATE INDEX idempotency_keys_expiry ON data.idempotency_keys (expires_at)")
