"""What goes over the wire."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, EmailStr, Field, SecretStr

from services.shared.api import RequestModel, Text

LONGEST_USERNAME = 128
LONGEST_PASSWORD = 256
"""Both: SignUp in the Cognito API reference."""

Email = Annotated[EmailStr, Field(max_length=LONGEST_USERNAME), AfterValidator(str.lower)]
"""An address, in small letters: the pool does not tell cases apart either."""
Password = Annotated[SecretStr, Field(min_length=1, max_length=LONGEST_PASSWORD)]


class SignUp(RequestModel):
    """Someone who wants an account."""

    email: Email
    password: Password
    name: Annotated[Text, Field(min_length=1, max_length=200)]


class Confirmation(RequestModel):
    """The code that was mailed to the address."""

    email: Email
    code: Annotated[Text, Field(min_length=1, max_length=64, pattern=r"^\S+$")]


class Resend(RequestModel):
    """The address that is to be mailed another code."""

    email: Email


class Credentials(RequestModel):
    """Email and password."""

    email: Email
    password: Password


class SealedSession(RequestModel):
    """For `X-Session: body`: what the sign-in gave as `refresh_token`. A browser has its cookie instead."""

    refresh_token: Annotated[str | None, Field(max_length=8192)] = None


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
    """What the pool asks for before it signs the user in, such as NEW_PASSWORD_REQUIRED or SOFTWARE_TOKEN_MFA."""

    challenge: str
    session: str
