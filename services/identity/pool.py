"""Signing up, in and out: what the pool does for whoever has no access token yet."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from services.identity.cognito import Cognito, user_context
from services.identity.pool_errors import OF_CHALLENGES, OF_CODES, OF_SESSIONS, PoolProblem

ALREADY_EXISTS = "UsernameExistsException"


@dataclass(frozen=True)
class Tokens:
    """What a sign-in or a refresh gives; `refresh_token` is "" when the old one goes on. `expires_in` in seconds."""

    access_token: str
    id_token: str
    refresh_token: str
    expires_in: int


@dataclass(frozen=True)
class Challenge:
    """A further step that the pool asks for before it signs the user in. `session` is the pool's own, and short."""

    name: str
    session: str
    username: str


class UserPool:
    """The pool as it is open to everyone, through our app client. `address` is the user's own."""

    def __init__(self, cognito: Cognito) -> None:
        self._cognito = cognito
        self._client = cognito.client

    async def sign_up(self, email: str, password: str, name: str, address: str) -> bool:
        """Make a user, whom the pool mails a code; whether they are confirmed already.

        The same answer for an address that has a user: nobody learns here who has an account.
        """

        def call() -> bool:
            answer = self._client.sign_up(
                **self._cognito.as_client(email),
                Username=email,
                Password=password,
                UserAttributes=[{"Name": "email", "Value": email}, {"Name": "name", "Value": name}],
                UserContextData=user_context(address),
            )
            return answer["UserConfirmed"]

        try:
            return await self._cognito.call(call, {}, repeatable=True)
        except PoolProblem as problem:
            if problem.exception == ALREADY_EXISTS:
                return False
            raise

    async def confirm(self, email: str, code: str, address: str) -> None:
        """Confirm the address by the code that was mailed to it; problem `code_mismatch` for any other code, for one
        that is too old and for an address that waits for none."""
        await self._cognito.call(
            lambda: self._client.confirm_sign_up(
                **self._cognito.as_client(email),
                Username=email,
                ConfirmationCode=code,
                UserContextData=user_context(address),
            ),
            OF_CODES,
        )

    async def resend_code(self, email: str, address: str) -> None:
        """Mail another code."""
        await self._cognito.call(
            lambda: self._client.resend_confirmation_code(
                **self._cognito.as_client(email), Username=email, UserContextData=user_context(address)
            ),
            OF_CODES,
        )

    async def forgot_password(self, email: str, address: str) -> None:
        """Mail a code that lets the password be reset."""
        await self._cognito.call(
            lambda: self._client.forgot_password(
                **self._cognito.as_client(email), Username=email, UserContextData=user_context(address)
            ),
            OF_CODES,
        )

    async def reset_password(self, email: str, code: str, new_password: str, address: str) -> None:
        """Give the user a new password by the code that was mailed; problem `code_mismatch` as for `confirm`."""
        await self._cognito.call(
            lambda: self._client.confirm_forgot_password(
                **self._cognito.as_client(email),
                Username=email,
                ConfirmationCode=code,
                Password=new_password,
                UserContextData=user_context(address),
            ),
            OF_CODES,
        )

    async def sign_in(self, username: str, password: str, address: str) -> Tokens | Challenge:
        """Check the password. Problem 401 `invalid_credentials` for a wrong one, an unknown, an unconfirmed and a
        disabled user alike: to tell them apart is to tell who has an account.
        """
        answer: Mapping[str, Any] = await self._cognito.call(
            lambda: self._client.initiate_auth(
                ClientId=self._cognito.client_id,
                AuthFlow="USER_PASSWORD_AUTH",
                AuthParameters={
                    "USERNAME": username,
                    "PASSWORD": password,
                    "SECRET_HASH": self._cognito.hash(username),
                },
                UserContextData=user_context(address),
            ),
            {},
            repeatable=True,
        )
        return _outcome(answer, username)

    async def respond(self, challenge: Challenge, responses: Mapping[str, str], address: str) -> Tokens | Challenge:
        """Take the further step; problem 401 `session_expired` when that comes too late."""
        given = {
            "USERNAME": challenge.username,
            "SECRET_HASH": self._cognito.hash(challenge.username),
            **responses,
        }
        answer: Mapping[str, Any] = await self._cognito.call(
            lambda: self._client.respond_to_auth_challenge(
                ClientId=self._cognito.client_id,
                ChallengeName=challenge.name,  # type: ignore[arg-type]  # the stubs list names, the pool gave this one
                Session=challenge.session,
                ChallengeResponses=given,
                UserContextData=user_context(address),
            ),
            OF_CHALLENGES,
        )
        return _outcome(answer, challenge.username)

    async def new_totp_secret(self, session: str) -> tuple[str, str]:
        """For a user who has to enrol before the sign-in goes on: the secret, and the session to go on with."""
        answer = await self._cognito.call(
            lambda: self._client.associate_software_token(Session=session), OF_CHALLENGES, repeatable=False
        )
        return answer["SecretCode"], answer["Session"]

    async def prove_totp(self, session: str, code: str) -> str:
        """Show that the app has the secret; the session to go on with."""
        answer = await self._cognito.call(
            lambda: self._client.verify_software_token(Session=session, UserCode=code), OF_CHALLENGES
        )
        return answer["Session"]

    async def refresh(self, refresh_token: str) -> Tokens:
        """New tokens. The one operation that goes with rotation of refresh tokens and without (RefreshTokenRotationType
        in the Cognito API reference). Problem 401 `session_expired` when the session is over."""
        answer = await self._cognito.call(
            lambda: self._client.get_tokens_from_refresh_token(
                ClientId=self._cognito.client_id, ClientSecret=self._cognito.secret, RefreshToken=refresh_token
            ),
            OF_SESSIONS,
            repeatable=True,
        )
        return _tokens(answer["AuthenticationResult"])

    async def revoke(self, refresh_token: str) -> None:
        """End the session of this refresh token; problem 401 `session_expired` when it is over already."""
        await self._cognito.call(
            lambda: self._client.revoke_token(
                ClientId=self._cognito.client_id, ClientSecret=self._cognito.secret, Token=refresh_token
            ),
            OF_SESSIONS,
            repeatable=True,
        )

    async def sign_out_everywhere(self, access_token: str) -> None:
        """End every session of the token's user."""
        await self._cognito.call(
            lambda: self._client.global_sign_out(AccessToken=access_token), OF_SESSIONS, repeatable=True
        )


def _outcome(answer: Mapping[str, Any], username: str) -> Tokens | Challenge:
    if not answer.get("ChallengeName"):
        return _tokens(answer["AuthenticationResult"])
    # Later steps must name the user as the pool does, not by an alias (RespondToAuthChallenge in the API reference).
    known_as = answer.get("ChallengeParameters", {}).get("USER_ID_FOR_SRP", username)
    return Challenge(answer["ChallengeName"], answer.get("Session", ""), known_as)


def _tokens(result: Mapping[str, Any]) -> Tokens:
    return Tokens(result["AccessToken"], result["IdToken"], result.get("RefreshToken", ""), result["ExpiresIn"])
