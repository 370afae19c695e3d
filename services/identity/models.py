"""What goes over the wire."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, EmailStr, Field, SecretStr

from services.shared.api import NOT_BLANK, STRIPPED, RequestModel

LONGEST_USERNAME = 128
LONGEST_PASSWORD = 256
"""Both: SignUp in the Cognito API reference."""
LONGEST_SEALED = 8192


def _plain(address: object) -> object:
    if isinstance(address, str) and (len(address) > LONGEST_USERNAME or "<" in address):
        raise ValueError(f"must be an address alone, of at most {LONGEST_USERNAME} characters")
    return address


def _one_word(code: str) -> str:
    if len(code.split()) != 1:
        raise ValueError("must be one word")
    return code


Email = Annotated[EmailStr, Field(max_length=LONGEST_USERNAME), BeforeValidator(_plain), AfterValidator(str.lower)]
"""An address, in small letters: the pool does not tell cases apart either."""
Password = Annotated[SecretStr, Field(min_length=1, max_length=LONGEST_PASSWORD)]
Name = Annotated[str, Field(min_length=1, max_length=200), STRIPPED, NOT_BLANK]
MailedCode = Annotated[str, Field(min_length=1, max_length=64), STRIPPED, AfterValidator(_one_word)]
OneTimeCode = Annotated[str, Field(pattern=r"^[0-9]{6}$")]
"""What an authenticator app shows (RFC 6238)."""


class SignUp(RequestModel):
    """Someone who wants an account."""

    email: Email
    password: Password
    name: Name


class Confirmation(RequestModel):
    """The code that was mailed to the address."""

    email: Email
    code: MailedCode


class Resend(RequestModel):
    """The address that is to be mailed another code."""

    email: Email


class Forgotten(RequestModel):
    """The address of somebody who has forgotten their password."""

    email: Email


class Reset(RequestModel):
    """A new password, by the code that was mailed to the address."""

    email: Email
    code: MailedCode
    new_password: Password


class Credentials(RequestModel):
    """Email and password."""

    email: Email
    password: Password


class ChallengeAnswer(RequestModel):
    """The further step that a sign-in asked for: `new_password` or `code`, whichever it was."""

    session: Annotated[str, Field(min_length=1, max_length=LONGEST_SEALED)]
    new_password: Password | None = None
    code: OneTimeCode | None = None


class PasswordChange(RequestModel):
    """Another password, by the one that counts now."""

    current_password: Password
    new_password: Password


class TotpProof(RequestModel):
    """What the authenticator app shows now."""

    code: OneTimeCode


class NewName(RequestModel):
    """Another name."""

    name: Name


class Farewell(RequestModel):
    """The password of somebody who wants their account deleted."""

    password: Password


class SealedSession(RequestModel):
    """For `X-Session: body`: what the sign-in gave as `refresh_token`. A browser has its cookie instead."""

    refresh_token: Annotated[str | None, Field(max_length=LONGEST_SEALED)] = None


class SignOut(SealedSession):
    """Which sessions are to end: this one, or all of this user's."""

    everywhere: bool = False


class Delivery(BaseModel):
    """Where a code was sent, if the address can have one."""

    medium: Literal["EMAIL"] = "EMAIL"
    destination: str


class SignedUp(BaseModel):
    """The answer to every sign-up, whether the address has an account or not."""

    user_confirmed: bool
    delivery: Delivery


class User(BaseModel):
    """A user."""

    id: str
    email: str
    name: str
    groups: list[str]
    created_at: datetime


class Access(BaseModel):
    """An access token, which lives `expires_in` seconds; `refresh_token` only for `X-Session: body`."""

    access_token: str
    token_type: Literal["Bearer"] = "Bearer"  # noqa: S105 (RFC 6750)
    expires_in: int
    refresh_token: str | None = None


class SignedIn(Access):
    """A session, and whose it is."""

    user: User


class FurtherStep(BaseModel):
    """What is asked for before the user is signed in; `session` goes to auth/challenge with it.

    With MFA_SETUP come the secret for the authenticator app, and the same as an address for a QR code.
    """

    challenge: Literal["NEW_PASSWORD_REQUIRED", "SOFTWARE_TOKEN_MFA", "MFA_SETUP"]
    session: str
    secret: str | None = None
    otpauth_uri: str | None = None


class Totp(BaseModel):
    """Whether signing in takes a one-time code."""

    totp: bool


class TotpSecret(BaseModel):
    """The secret for an authenticator app, and the same as an address for a QR code."""

    secret: str
    otpauth_uri: str


class ListedUser(User):
    """A user as administrators see them: `enabled` tells whether they may sign in."""

    enabled: bool


class UserPage(BaseModel):
    """Users, newest first. `next_cursor` is None on the last page."""

    items: list[ListedUser]
    next_cursor: str | None
