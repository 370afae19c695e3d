"""Authentication of requests: the one place where a token is read. README.md beside this file is the manual."""

from services.shared.auth.dependencies import current_user, require_group, require_scope
from services.shared.auth.errors import Code, TokenError
from services.shared.auth.metrics import TALLY
from services.shared.auth.middleware import AuthMiddleware
from services.shared.auth.principal import Principal
from services.shared.auth.remote import RemoteKeys
from services.shared.auth.revocation import Revocations, revocations_at
from services.shared.auth.verifier import verifier

__all__ = [
    "TALLY",
    "AuthMiddleware",
    "Code",
    "Principal",
    "RemoteKeys",
    "Revocations",
    "TokenError",
    "current_user",
    "require_group",
    "require_scope",
    "revocations_at",
    "verifier",
]
