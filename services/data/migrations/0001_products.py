"""Products."""

from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Create the table, and the index that its pages are read by."""
    op.execute("""
        CREATE TABLE data.products (
            id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
            name text NOT NULL CONSTRAINT products_name_length CHECK (length(name) BETWEEN 1 AND 200),
            description text NOT NULL DEFAULT ''
                CONSTRAINT products_description_length CHECK (length(description) <= 5000),
            price_minor bigint NOT NULL CONSTRAINT products_price_not_negative CHECK (price_minor >= 0),
            currency text NOT NULL CONSTRAINT products_currency_code CHECK (currency ~ '^[A-Z]{3}$'),
            owner_id text NOT NULL,
            created_at timestamptz NOT NULL DEFAULT now(),
            updated_at timestamptz NOT NULL DEFAULT now()
        )
    """)
    op.execute("CREATE INDEX products_newest_first ON data.products (created_at DESC, id DESC)")
