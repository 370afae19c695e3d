"""The tables of this service, as the migrations leave them. Only migrations and their tests read this."""

from __future__ import annotations

from sqlalchemy import Column, DateTime, MetaData, Table, Text, func

metadata = MetaData(schema="identity")

users = Table(
    "users",
    metadata,
    Column("id", Text, primary_key=True),
    Column("email", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
)
