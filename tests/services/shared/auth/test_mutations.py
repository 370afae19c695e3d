"""The list of mutations follows the code: each names a text that is there once, so none is left out unnoticed."""

from __future__ import annotations

from tests.services.shared.auth.mutate import PACKAGE, ROOT, read_mutations


def test_every_mutation_changes_exactly_one_place() -> None:
    sources = {path.stem: path.read_text() for path in (ROOT / PACKAGE).glob("*.py")}
    stale = [
        f"{mutation.module}: {mutation.what}"
        for mutation in read_mutations()
        if sources[mutation.module].count(mutation.old) != 1
    ]
    assert stale == []
