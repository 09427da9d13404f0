"""All plugins of the suite, in the order in which they act, under the names that they have here.

`pytest_plugins = ["acceptance.plugin.suite"]` in a conftest.py loads them, as `--acceptance` does.
"""

import runpy

from acceptance.shipped import CONTENTS, PREFIX

pytest_plugins = [
    name if name.startswith("acceptance.") else f"{PREFIX}{name}"
    for name in runpy.run_path(str(CONTENTS))["pytest_plugins"]
]
