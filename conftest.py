"""The table of contents: the plugins that make up the suite, in the order in which they act."""

pytest_plugins = [
    "fixtures.gherkin",
    "fixtures.redaction",
    "fixtures.verdicts",
    "fixtures.allure_gherkin",
    "fixtures.reports",
    "fixtures.html_report",
    "fixtures.terminal",
    "fixtures.target",
    "fixtures.evidence",
    "fixtures.clients",
    "steps.deployment",
    "steps.connections",
    "steps.selector",
    "steps.answers",
    "steps.conversation",
    "steps.chain",
    "steps.documentation",
]
