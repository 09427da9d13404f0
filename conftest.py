"""The table of contents: the plugins that make up the suite, in the order in which they act."""

import signal
import threading

# until a plugin of the suite listens, Ctrl-C ends Python as it ends any program: without 100 lines
if (
    threading.current_thread() is threading.main_thread()
    and signal.getsignal(signal.SIGINT) is signal.default_int_handler
):
    signal.signal(signal.SIGINT, signal.SIG_DFL)

pytest_plugins = [
    "acceptance.plugin.contract",
    "acceptance.plugin.redaction",
    "acceptance.plugin.waivers",
    "acceptance.plugin.verdicts",
    "acceptance.plugin.allure_gherkin",
    "acceptance.plugin.reports",
    "acceptance.plugin.interruption",
    "acceptance.plugin.restore",
    "acceptance.plugin.record",
    "acceptance.plugin.html_report",
    "acceptance.plugin.terminal",
    "fixtures.target",
    "fixtures.evidence",
    "fixtures.clients",
    "fixtures.drills",
    "fixtures.browser",
    "fixtures.api_or_browser",
    "fixtures.hands",
    "steps.deployment",
    "steps.connections",
    "steps.selector",
    "steps.answers",
    "steps.conversation",
    "steps.chain",
    "steps.documentation",
]
