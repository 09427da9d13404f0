"""A changed verdict is told to a webhook, where one is given, once the reports are in their place.

Whatever goes wrong then is said, and changes no verdict. Half a run says nothing of the whole.
"""

from typing import TYPE_CHECKING

import pytest

from acceptance.plugin.contract import run_of
from acceptance.plugin.record import RECORD
from acceptance.plugin.redaction import redactor
from acceptance.plugin.reports import folder_of, say
from acceptance.plugin.settings import settings_of
from acceptance.report.announcement import NONE, judged, not_judged
from acceptance.report.run import closing

if TYPE_CHECKING:
    from acceptance.report.webhook import Webhook

_WEBHOOK: pytest.StashKey["Webhook"] = pytest.StashKey()


@pytest.hookimpl(tryfirst=True)
def pytest_runtestloop(session: pytest.Session) -> None:
    """Take the webhook before the first scenario, so that one that is of no use starts nothing."""
    config = session.config
    if not run_of(config).selected:
        return
    chosen = settings_of(config)
    if chosen.announce == NONE and not chosen.announce_url:
        return
    from acceptance.report.webhook import Webhook  # noqa: PLC0415  # only who announces pays for it

    config.stash[_WEBHOOK] = Webhook(
        kind=chosen.announce, address=chosen.announce_url, token=chosen.announce_token
    )
    for secret in filter(None, (chosen.announce_url, chosen.announce_token)):
        redactor(config).add(secret)


def pytest_unconfigure(config: pytest.Config) -> None:
    """Tell it, if this run has something to say."""
    if _WEBHOOK not in config.stash:
        return
    run, record, mask = run_of(config), config.stash.get(RECORD, None), redactor(config)
    if run.unfit:
        why = (message.splitlines()[0] for message in run.unfit.values())
        told = not_judged(mask(closing(run)), *why)
    elif record and not record.partial:
        told = judged(record)
    else:
        return
    from acceptance.report.announce import tell  # noqa: PLC0415  # likewise

    def shown(text: str) -> None:
        say(config, mask(text))

    try:
        tell(told, config.stash[_WEBHOOK], folder_of(config), shown)
    except Exception as error:  # noqa: BLE001  # whatever it is, the verdict stands
        shown(str(error) or type(error).__name__)
