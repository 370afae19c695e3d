"""As much of GitHub's REST API as a comment and an issue need."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import httpx

BODY_LIMIT = 65_000
"""Characters of a comment or an issue; GitHub refuses more than 65,536."""

_PAGE = 100


class GitHubError(Exception):
    """GitHub cannot be asked, or refuses; the text says what was asked and what it answered."""


class Repository:
    """One repository's API, relative to `repos/<owner>/<name>/`."""

    def __init__(self, client: httpx.Client) -> None:
        self._client = client

    def pages(self, path: str, **query: str) -> Iterator[dict[str, Any]]:
        """Every entry of a list, however many pages it has."""
        number = 1
        while True:
            found = self._ask("GET", path, params={**query, "per_page": str(_PAGE), "page": str(number)})
            yield from found
            if len(found) < _PAGE:
                return
            number += 1

    def post(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        """Make something; what was made."""
        made: dict[str, Any] = self._ask("POST", path, json=body)
        return made

    def patch(self, path: str, body: dict[str, Any]) -> None:
        """Change something."""
        self._ask("PATCH", path, json=body)

    def _ask(self, method: str, path: str, **more: Any) -> Any:
        try:
            answer = self._client.request(method, path, **more)
        except httpx.HTTPError as error:
            raise GitHubError(f"GitHub does not answer to {method} {path}: {error}") from error
        if answer.is_error:
            message = answer.json().get("message", "") if "json" in answer.headers.get("content-type", "") else ""
            raise GitHubError(f"GitHub answers {answer.status_code} to {method} {path}: {message or 'no reason given'}")
        return answer.json()


def repository() -> Repository:
    """The repository whose workflow runs this, with the token that it was given. Raises GitHubError without one."""
    missing = [name for name in ("GITHUB_REPOSITORY", "GITHUB_TOKEN") if not os.environ.get(name)]
    if missing:
        raise GitHubError(f"{' and '.join(missing)} must be set, as GitHub does in a workflow")
    api = os.environ.get("GITHUB_API_URL", "https://api.github.com")
    return Repository(
        httpx.Client(
            base_url=f"{api}/repos/{os.environ['GITHUB_REPOSITORY']}/",
            headers={
                "Accept": "application/vnd.github+json",
                "Authorization": f"Bearer {os.environ['GITHUB_TOKEN']}",
                "X-GitHub-Api-Version": "2022-11-28",
            },
            timeout=30,
        )
    )


def shortened(text: str) -> str:
    """The text, cut at the end of a line where GitHub would refuse it, and saying so."""
    if len(text) <= BODY_LIMIT:
        return text
    return text[:BODY_LIMIT].rpartition("\n")[0] + "\n\n… the rest is in the log of the run."
