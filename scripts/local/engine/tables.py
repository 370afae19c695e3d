"""All rows, by Pulumi's resource type."""

from __future__ import annotations

import importlib
from collections.abc import Mapping

from scripts.local.engine import (
    rows_access,
    rows_cognito,
    rows_compute,
    rows_data,
    rows_edge,
    rows_network,
    rows_observability,
)
from scripts.local.engine.rows import Row

ROWS: Mapping[str, Row] = {
    **rows_network.ROWS,
    **rows_cognito.ROWS,
    **rows_access.ROWS,
    **rows_compute.ROWS,
    **rows_data.ROWS,
    **rows_edge.ROWS,
    **rows_observability.ROWS,
}


def load_sdks() -> None:
    """Import the parts of Pulumi's SDKs that the rows are for: a program that uses them finds them loaded."""
    for kind in ROWS:
        package, path, name = kind.split(":")
        folder = path.partition("/")[0]
        module = importlib.import_module(f"pulumi_{package}" if folder == "index" else f"pulumi_{package}.{folder}")
        getattr(module, name)  # the SDK's modules load when they are first asked for something
