"""Every token that must be refused."""

from __future__ import annotations

from tests.services.shared.auth.corpus import algorithm, claims, form, header, key, signature
from tests.services.shared.auth.corpus.case import Case

CASES: tuple[Case, ...] = (
    *algorithm.CASES,
    *key.CASES,
    *form.CASES,
    *signature.CASES,
    *header.CASES,
    *claims.CASES,
)
