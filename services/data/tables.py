"""The tables of this service, as the migrations leave them. Only migrations and their tests read this."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    DateTime,
    Index,
    LargeBinary,
    MetaData,
    Table,
    Text,
    Uuid,
    func,
    literal_column,
)

from services.data.queries import WORDS

metadata = MetaData(schema="data")

products = Table(
    "products",
    metadata,
    Column("id", Uuid, primary_key=True, server_default=func.gen_random_uuid()),
    Column(
        "name", Text, CheckConstraint("length(name) BETWEEN 1 AND 200", name="products_name_length"), nullable=False
    ),
    Column(
        "description",
        Text,
        CheckConstraint("length(description) <= 5000", name="products_description_length"),
        nullable=False,
        server_default="",
    ),
    Column(
        "price_minor",
        BigInteger,
        CheckConstraint("price_minor >= 0", name="products_price_not_negative"),
        nullable=False,
    ),
    Column(
        "currency",
        Text,
        CheckConstraint("currency ~ '^[A-Z]{3}$'", name="products_currency_code"),
        nullable=False,
    ),
    Column("owner_id", Text, nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
    Column("updated_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
)
Index("products_newest_first", products.c.created_at.desc(), products.c.id.desc())
Index("products_of_owner", products.c.owner_id, products.c.created_at.desc(), products.c.id.desc())
Index("products_of_currency", products.c.currency, products.c.created_at.desc(), products.c.id.desc())
Index(
    "products_words",
    literal_column(WORDS),
    postgresql_using="gin",
    postgresql_with={"fastupdate": "off"},
    _table=products,
)

idempotency_keys = Table(
    "idempotency_keys",
    metadata,
    Column("owner_id", Text, primary_key=True),
    Column(
        "key",
        Text,
        CheckConstraint("length(key) BETWEEN 1 AND 128", name="idempotency_keys_key_length"),
        primary_key=True,
    ),
    Column("fingerprint", LargeBinary, nullable=False),
    Column("product", Text, nullable=False),
    Column("expires_at", DateTime(timezone=True), nullable=False),
)
Index("idempotency_keys_expiry", idempotency_keys.c.expires_at)
