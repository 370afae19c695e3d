"""All cases, in the order of their groups."""

from __future__ import annotations

from tests.services.gateway.hostile import conduct, framing, heads

GROUPS = (
    framing.framing,
    framing.lengths,
    framing.chunks,
    heads.fields,
    heads.hosts,
    heads.targets,
    heads.versions,
    heads.methods,
    conduct.upgrades,
    conduct.expectations,
    conduct.bodies,
    conduct.connections,
    conduct.slowness,
)
CASES = [case for group in GROUPS for case in group()]
