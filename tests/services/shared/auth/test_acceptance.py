"""Good tokens, and what becomes of them."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from services.shared.auth import Code, Principal, TokenError, verifier
from tests.services.shared.auth.corpus.good import GOOD
from tests.services.shared.auth.issuer import (
    CLIENT,
    GONE,
    ISSUER,
    NOW,
    SUB,
    compact,
    good_claims,
    good_header,
    id_claims,
    key_set,
    sign,
    token,
)

Verify = Callable[[str], Principal]


@pytest.mark.parametrize("name", GOOD)
def test_a_good_token_is_taken(name: str, verify: Verify) -> None:
    assert verify(GOOD[name]()).claims["iss"] == ISSUER


def test_the_principal_says_what_the_token_says(verify: Verify) -> None:
    principal = verify(token())
    assert principal.sub == SUB
    assert principal.username == SUB
    assert principal.groups == {"admin", "editors"}
    assert principal.scopes == {"aws.cognito.signin.user.admin", "api:read"}
    assert {**principal.claims, "cognito:groups": list(principal.claims["cognito:groups"])} == good_claims()


def test_a_client_that_acts_for_itself_has_no_username_and_no_groups(verify: Verify) -> None:
    principal = verify(token(username=GONE, **{"cognito:groups": GONE}))
    assert principal.username is None
    assert principal.groups == frozenset()


def test_only_spaces_divide_scopes(verify: Verify) -> None:
    assert verify(token(scope="  a:b\u2003c  d ")).scopes == {"a:b\u2003c", "d"}


def test_claims_cannot_be_changed_however_deep(verify: Verify) -> None:
    principal = verify(token(tenant={"roles": ["a", {"b": []}]}))
    with pytest.raises(AttributeError):
        principal.sub = "another"  # type: ignore[misc]
    with pytest.raises(TypeError):
        principal.claims["sub"] = "another"  # type: ignore[index]
    with pytest.raises(TypeError):
        principal.claims["tenant"]["roles"] = []
    with pytest.raises(TypeError):
        principal.claims["tenant"]["roles"][1]["b"] = 1
    assert principal.claims["tenant"]["roles"][0] == "a"
    assert isinstance(principal.claims["tenant"]["roles"], tuple)
    assert isinstance(principal.claims["tenant"]["roles"][1]["b"], tuple)


def test_a_claim_may_be_sixteen_levels_deep_and_no_deeper(verify: Verify) -> None:
    def nested(levels: int) -> object:
        return [nested(levels - 1)] if levels else 1

    verify(token(deep=nested(16)))
    with pytest.raises(TokenError) as refusal:
        verify(token(deep=nested(17)))
    assert refusal.value.code is Code.TOKEN_MALFORMED


def test_any_of_several_clients_may_be_named() -> None:
    verify = verifier(key_set(), ISSUER, ["web", CLIENT], clock=lambda: NOW)
    assert verify(token()).sub == SUB
    assert verify(token(client_id="web")).sub == SUB
    with pytest.raises(TokenError):
        verify(token(client_id="webb"))


def test_an_id_token_verifier_takes_id_tokens_alone() -> None:
    verify = verifier(key_set(), ISSUER, CLIENT, token_use="id", clock=lambda: NOW)
    principal = verify(sign(compact(good_header()), compact(id_claims())))
    assert (principal.sub, principal.username, principal.claims["email"]) == (SUB, SUB, "ada@example.com")
    with pytest.raises(TokenError) as refusal:
        verify(token())
    assert refusal.value.code is Code.TOKEN_USE_MISMATCH
    with pytest.raises(TokenError) as refusal:
        verify(sign(compact(good_header()), compact(id_claims(aud="another"))))
    assert refusal.value.code is Code.CLIENT_MISMATCH
