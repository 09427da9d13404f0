"""Logs that tell of migrations."""

from acceptance.rehearsal.stage import failed_migrations

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
