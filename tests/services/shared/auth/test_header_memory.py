"""Headers that are recognised by their bytes, so that they need not be read again."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from services.shared.auth import TokenError
from services.shared.auth.cache import TokenCache
from services.shared.auth.check import TokenCheck
from services.shared.auth.claims import ClaimRules
from services.shared.auth.keys import Key, parse_key_set
from services.shared.auth.metrics import Tally
from tests.services.shared.auth.issuer import (
    CLIENT,
    ISSUER,
    KID,
    NOW,
    compact,
    good_claims,
    good_header,
    key_set,
    rsa_key,
    sign,
    token,
)


def check_with(find: Callable[[str], Key | None]) -> TokenCheck:
    rules = ClaimRules(ISSUER, [CLIENT], "access")
    return TokenCheck(find=find, rules=rules, cache=TokenCache(0), revoked=None, clock=lambda: NOW, tally=Tally())


def test_headers_of_many_keys_are_not_remembered_without_end() -> None:
    """The header's bytes are the issuer's, yet their memory is bounded too."""
    keys = parse_key_set(key_set())
    check = check_with(lambda _: keys[KID])
    for number in range(200):
        check(token({"kid": f"kid-{number}"}))
    assert len(check._headers) <= 64


def test_a_header_is_remembered_only_once_its_signature_was_good() -> None:
    """Or strangers could push out the headers that count, with ever new spellings of them."""
    check = check_with(parse_key_set(key_set()).get)
    for spaces in range(5):
        with pytest.raises(TokenError):
            check(sign(compact(good_header()) + b" " * spaces, compact(good_claims()), key=rsa_key("attacker")))
    assert not check._headers
    check(token())
    assert len(check._headers) == 1
