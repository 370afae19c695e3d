"""What filtered pages are read by: of an owner, of a currency, with certain words."""

from services.shared.migration_environment.online import build_index

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Build the indexes while the table is in use."""
    build_index("data", "products_of_owner", "products (owner_id, created_at DESC, id DESC)")
    build_index("data", "products_of_currency", "products (currency, created_at DESC, id DESC)")
    # Without fastupdate, since a long pending list would make single searches slow.
    build_index(
        "data",
        "products_words",
        "products USING gin (to_tsvector('simple', translate((name || ' ') || description,"
        " '-./@_<>&+~:', '           '))) WITH (fastupdate = off)",
    )
