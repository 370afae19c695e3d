"""What a password must have. The pool decides; we look first, so that a refusal tells nothing about the address."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Self

from pydantic import BaseModel

from services.identity.pool_errors import password_invalid

SYMBOL = re.compile(r"""[\^$*.\[\]{}()?\-"!@#%&/\\,><':;|_~`+= ]""")
"""What counts as a symbol (Adding user pool password requirements, Cognito developer guide)."""


class PasswordPolicy(BaseModel):
    """The pool's rules, for a form to check while one types."""

    minimum_length: int
    require_lowercase: bool
    require_uppercase: bool
    require_numbers: bool
    require_symbols: bool

    @classmethod
    def of(cls, policy: Mapping[str, Any]) -> Self:
        """From the pool's PasswordPolicy; what it leaves out has Cognito's own defaults."""
        return cls(
            minimum_length=policy.get("MinimumLength", 8),
            require_lowercase=policy.get("RequireLowercase", False),
            require_uppercase=policy.get("RequireUppercase", False),
            require_numbers=policy.get("RequireNumbers", False),
            require_symbols=policy.get("RequireSymbols", False),
        )

    def check(self, password: str, field: str) -> None:
        """Problem 422 `password_invalid` with one error on `field` for each rule that is broken."""
        rules = (
            (len(password) >= self.minimum_length, f"must have at least {self.minimum_length} characters"),
            (not self.require_lowercase or re.search("[a-z]", password), "must have a lower case letter"),
            (not self.require_uppercase or re.search("[A-Z]", password), "must have an upper case letter"),
            (not self.require_numbers or re.search("[0-9]", password), "must have a digit"),
            (not self.require_symbols or SYMBOL.search(password), "must have a symbol, such as - or !"),
            (password == password.strip(), "must not begin or end with a blank"),
        )
        broken = [message for kept, message in rules if not kept]
        if broken:
            raise password_invalid(*broken, field=field)
