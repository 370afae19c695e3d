"""What users change about how they sign in, while they are signed in: the password, the second factor."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response

from services.identity.attempts import PASSWORD_CHANGE, SECOND_FACTOR, Attempts
from services.identity.challenges import otpauth_uri
from services.identity.directory import Directory
from services.identity.guards import access_token
from services.identity.models import PasswordChange, Totp, TotpProof, TotpSecret
from services.identity.own_account import OwnAccount
from services.identity.sessions import PATH
from services.identity.user_routes import SignedIn
from services.identity.users import Users
from services.shared.openapi import problems

AccessToken = Annotated[str, Depends(access_token)]

REFUSALS = problems({429: "`too_many_requests`", 503: "The user pool cannot be reached."})


def router(account: OwnAccount, directory: Directory, users: Users, attempts: Attempts, app_name: str) -> APIRouter:
    """The routes of credentials. A bearer token cannot be sent by a foreign page, so nobody asks for an origin."""
    routes = APIRouter(prefix=PATH, tags=["auth"], responses=REFUSALS)

    @routes.post(
        "/password",
        status_code=204,
        responses=problems({400: "`password_wrong`", 422: "`password_invalid`, or the request is not valid."}),
        summary="Change the password",
    )
    async def change_password(
        request: Request, given: PasswordChange, principal: SignedIn, token: AccessToken
    ) -> Response:
        new = given.new_password.get_secret_value()
        async with attempts.attempt(PASSWORD_CHANGE, request, principal.sub):
            (await directory.password_policy()).check(new, "new_password")
            await account.change_password(token, given.current_password.get_secret_value(), new)
        attempts.succeeded(PASSWORD_CHANGE, principal.sub)
        return Response(status_code=204)

    @routes.get("/mfa", response_model=Totp, summary="Whether signing in takes a one-time code")
    async def second_factor(token: AccessToken, response: Response) -> Totp:
        response.headers["cache-control"] = "no-store"
        return Totp(totp=await account.has_totp(token))

    @routes.post("/mfa/totp", response_model=TotpSecret, summary="A secret for an authenticator app")
    async def begin_totp(principal: SignedIn, token: AccessToken, response: Response) -> TotpSecret:
        response.headers["cache-control"] = "no-store"
        secret = await account.new_totp_secret(token)
        user = await users.find(principal.sub, [])
        email = user.email if user else principal.sub
        return TotpSecret(secret=secret, otpauth_uri=otpauth_uri(app_name, email, secret))

    @routes.post(
        "/mfa/totp/verify",
        status_code=204,
        responses=problems({400: "`code_mismatch`: that is not the app's current code."}),
        summary="Ask for a one-time code from now on, shown by the app's current one",
    )
    async def enable_totp(request: Request, given: TotpProof, principal: SignedIn, token: AccessToken) -> Response:
        async with attempts.attempt(SECOND_FACTOR, request, principal.sub):
            await account.enable_totp(token, given.code)
        attempts.succeeded(SECOND_FACTOR, principal.sub)
        return Response(status_code=204)

    @routes.delete("/mfa/totp", status_code=204, summary="Ask for one-time codes no longer")
    async def disable_totp(request: Request, token: AccessToken) -> Response:
        with attempts.audit.event("second_factor_removed", request):
            await account.disable_totp(token)
        return Response(status_code=204)

    return routes
