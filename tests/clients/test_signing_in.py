"""Who cannot sign in to Open WebUI is told what helps: the right password, or waiting."""

import pytest

from acceptance.errors import SetupError
from tests.clients.clients import clients
from tests.clients.hostile import http


@pytest.mark.parametrize(
    ("status", "told", "fix"),
    [
        ("400 Bad Request", "The email or password provided is incorrect.", "check the account"),
        ("429 Too Many Requests", "API rate limit exceeded", "wait three minutes"),
    ],
)
def test_what_helps_depends_on_why_it_is_refused(status: str, told: str, fix: str) -> None:
    body = f'{{"detail": "{told}"}}'.encode()
    with (
        clients(http(body, status=status)) as (_, open_webui),
        pytest.raises(SetupError, match="cannot sign in") as caught,
    ):
        open_webui.sign_in()
    assert f"found     {status[:3]}: {told}" in str(caught.value)
    assert f"fix       {fix}" in str(caught.value)
