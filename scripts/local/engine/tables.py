"""All rows, by Pulumi's resource type."""

from __future__ import annotations

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
