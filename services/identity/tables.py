"""The tables of this service, as the migrations leave them. Only migrations and their tests read this."""

from __future__ import annotations

from sqlalchemy import ARRAY, BigInteger, Boolean, Column, DateTime, Index, MetaData, Table, Text, func, text

metadata = MetaData(schema="identity")

users = Table(
    "users",
    metadata,
    Column("id", Text, primary_key=True),
    Column("email", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
    Column("groups", ARRAY(Text), nullable=False, server_default=text("'{}'")),
    Column("enabled", Boolean, nullable=False, server_default=text("true")),
)
Index("users_newest_first", users.c.created_at.desc(), users.c.id.desc())

user_revocations = Table(
    "user_revocations",
    metadata,
    Column("id", Text, primary_key=True),
    Column("not_before", BigInteger, nullable=False),
    Column("expires_at", DateTime(timezone=True), nullable=False),
)
Index("user_revocations_expiry", user_revocations.c.expires_at)
