"""Logs that tell of migrations, and manifests of other versions."""

import pytest

from acceptance.lab.embedded.manifests import DEFAULT, Manifests
from acceptance.lab.embedded.plan import plan_pods
from acceptance.lab.embedded.programs import Program
from acceptance.rehearsal.stage import failed_migrations, of_versions

HALF_DONE = """\
INFO  [alembic.runtime.migration] Running upgrade 374d2f66af06 -> 8452d01d26d7, Add chat_message
ERROR [open_webui.env] Error running migrations: table chat_message already exists
Traceback (most recent call last):
  File ".../open_webui/migrations/versions/8452d01d26d7_add_chat_message.py", line 20, in upgrade
    op.create_table(
sqlite3.OperationalError: table chat_message already exists
"""
WELL = """\
INFO  [alembic.runtime.migration] Context impl SQLiteImpl.
INFO  [alembic.runtime.migration] Running upgrade 018012973d35 -> 3af16a1c9fb6, update user table
Traceback (most recent call last):
  File ".../open_webui/routers/openai.py", line 20, in send_get_request
aiohttp.ClientError: Cannot connect to host
2026-11-29 | ERROR | open_webui.routers.openai - Connection error
"""


def test_a_migration_that_failed_is_told_by_its_line_and_its_exception() -> None:
    assert list(failed_migrations(HALF_DONE)) == [
        "ERROR [open_webui.env] Error running migrations: table chat_message already exists",
        "sqlite3.OperationalError: table chat_message already exists",
    ]


def test_errors_of_anything_else_are_no_migration_s() -> None:
    assert list(failed_migrations(WELL)) == []


@pytest.mark.parametrize(
    ("image", "tagged"),
    [
        ("ghcr.io/open-webui/open-webui:0.7.2-slim", "ghcr.io/open-webui/open-webui:v0.12.4"),
        ("localhost:5000/open-webui", "localhost:5000/open-webui:v0.12.4"),
        (f"open-webui@sha256:{64 * '0'}", "open-webui:v0.12.4"),
    ],
)
def test_another_version_is_written_into_the_image_s_tag(image: str, tagged: str) -> None:
    given = Manifests.load(DEFAULT)
    owner = given.get("StatefulSet", "apps", "open-webui")
    assert owner is not None
    owner["spec"]["template"]["spec"]["containers"][0]["image"] = image

    changed = of_versions(given, {"open-webui": "0.12.4"})

    images = {
        plan.program.name: plan.container["image"]
        for plan in plan_pods(changed)
        if isinstance(plan.program, Program)
    }
    assert images["open-webui"] == tagged
    assert owner["spec"]["template"]["spec"]["containers"][0]["image"] == image
    assert len([*changed]) == len([*given])
