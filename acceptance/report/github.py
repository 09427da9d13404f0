"""The issue in which the nights are told: found, opened, commented, updated by GitHub's REST API.

Source: docs.github.com/rest/issues, version 2022-11-28.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import httpx

from acceptance.errors import SetupError
from acceptance.message import excerpt, explain
from acceptance.report.announcement import Announcement, mark_in
from acceptance.secret import Secret
from acceptance.waiting import within

LABEL = "acceptance"
_TIMEOUT = 30.0
"""Seconds."""
_HEADERS = {"Accept": "application/vnd.github+json", "X-GitHub-Api-Version": "2022-11-28"}
_EXISTS = 422


@dataclass(frozen=True, kw_only=True, slots=True)
class Issue:
    """An issue that this tool wrote."""

    number: int
    open: bool
    body: str
    address: str


class GitHub:
    """One repository's issues; close it.

    Args:
        repository: `owner/name`.
        token: may write issues (`permissions: issues: write`).
        api: address of the API, another one for a GitHub Enterprise Server.
    """

    def __init__(self, repository: str, token: Secret, api: str) -> None:
        self._client = httpx.Client(
            base_url=f"{api}/repos/{repository}/",
            headers={**_HEADERS, "Authorization": f"Bearer {token.reveal()}"},
            timeout=_TIMEOUT,
        )

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def latest(self) -> Issue | None:
        """The newest issue, open or closed, that carries a mark."""
        query = {"labels": LABEL, "state": "all", "sort": "created", "direction": "desc"}
        issues = map(_issue, self._ask("GET", "issues", params={**query, "per_page": "100"}))
        return next((issue for issue in issues if mark_in(issue.body)), None)

    def open(self, told: Announcement) -> Issue:
        """Open an issue."""
        self._ask("POST", "labels", json={"name": LABEL}, fine=_EXISTS)
        content = {"title": told.title, "body": told.body, "labels": [LABEL]}
        return _issue(self._ask("POST", "issues", json=content))

    def update(self, issue: Issue, told: Announcement) -> Issue:
        """Add what is new as a comment, which people are told of, and write the issue anew."""
        place = f"issues/{issue.number}"
        self._ask("POST", f"{place}/comments", json={"body": told.news})
        state = "closed" if told.accepted else "open"
        content = {"title": told.title, "body": told.body, "state": state}
        return _issue(self._ask("PATCH", place, json=content))

    def _ask(self, method: str, path: str, *, fine: int = 0, **content: Any) -> Any:  # noqa: ANN401  # JSON
        try:
            answer = within(_TIMEOUT, lambda: self._client.request(method, path, **content))
        except (httpx.HTTPError, TimeoutError) as error:
            raise SetupError(self._problem(path, f"{type(error).__name__}: {error}")) from error
        if answer.status_code != fine and not answer.is_success:
            raise SetupError(self._problem(path, f"{answer.status_code} {excerpt(answer.text)}"))
        return answer.json()

    def _problem(self, path: str, found: str) -> str:
        return explain(
            "The night was not announced.",
            expected="a repository with issues, and a token that may write them",
            found=found,
            where=str(self._client.base_url.join(path)),
            fix="give the job 'permissions: issues: write'; the next night makes up for this one",
        )


def _issue(content: Mapping[str, Any]) -> Issue:
    return Issue(
        number=content["number"],
        open=content["state"] == "open",
        body=content["body"] or "",
        address=content["html_url"],
    )
