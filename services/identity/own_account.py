"""What users do with their own account at the pool, each by their own access token: it takes no right of ours."""

from __future__ import annotations

from services.identity.cognito import Cognito
from services.identity.pool_errors import OF_TOKENS, PoolProblem
from services.shared.errors import Problem

TOTP = "SOFTWARE_TOKEN_MFA"
NOT_AUTHORIZED = "NotAuthorizedException"


class OwnAccount:
    """Every method raises the problem 401 `token_revoked` when the pool no longer takes the access token."""

    def __init__(self, cognito: Cognito) -> None:
        self._cognito = cognito
        self._client = cognito.client

    async def change_password(self, access_token: str, current: str, new: str) -> None:
        """Problem 400 `password_wrong` when `current` is not the password."""
        try:
            await self._cognito.call(
                lambda: self._client.change_password(
                    AccessToken=access_token, PreviousPassword=current, ProposedPassword=new
                ),
                OF_TOKENS,
            )
        except PoolProblem as problem:
            if problem.exception != NOT_AUTHORIZED:
                raise
            # One name for two things: if the token is good, it was the password.
            await self.has_totp(access_token)
            raise password_wrong() from problem

    async def rename(self, access_token: str, name: str) -> None:
        """Take another name."""
        await self._cognito.call(
            lambda: self._client.update_user_attributes(
                AccessToken=access_token, UserAttributes=[{"Name": "name", "Value": name}]
            ),
            OF_TOKENS,
            repeatable=True,
        )

    async def delete(self, access_token: str) -> None:
        """Delete the user."""
        await self._cognito.call(lambda: self._client.delete_user(AccessToken=access_token), OF_TOKENS)

    async def has_totp(self, access_token: str) -> bool:
        """Whether signing in takes a one-time code."""
        answer = await self._cognito.call(
            lambda: self._client.get_user(AccessToken=access_token), OF_TOKENS, repeatable=True
        )
        return TOTP in answer.get("UserMFASettingList", [])

    async def new_totp_secret(self, access_token: str) -> str:
        """A secret for an app that makes one-time codes; it counts once `enable_totp` has seen one of them."""
        answer = await self._cognito.call(
            lambda: self._client.associate_software_token(AccessToken=access_token), OF_TOKENS, repeatable=True
        )
        return answer["SecretCode"]

    async def enable_totp(self, access_token: str, code: str) -> None:
        """Ask for a one-time code at every sign-in from now on; problem 400 `code_mismatch` for a wrong one."""
        await self._cognito.call(
            lambda: self._client.verify_software_token(AccessToken=access_token, UserCode=code), OF_TOKENS
        )
        await self._prefer_totp(access_token, wanted=True)

    async def disable_totp(self, access_token: str) -> None:
        """Ask for one no longer."""
        await self._prefer_totp(access_token, wanted=False)

    async def _prefer_totp(self, access_token: str, *, wanted: bool) -> None:
        await self._cognito.call(
            lambda: self._client.set_user_mfa_preference(
                AccessToken=access_token, SoftwareTokenMfaSettings={"Enabled": wanted, "PreferredMfa": wanted}
            ),
            OF_TOKENS,
            repeatable=True,
        )


def password_wrong() -> Problem:
    """400 for a wrong password of somebody who is signed in (a 401 would tell the client to sign in again)."""
    return Problem(400, "password_wrong", "That is not your password.")
