"""`python -m tests.lab.embedded.standing_lab FOLDER WAY ...`: a lab on small programs, left up.

`make lab` itself, but for the programs. WAY is `cold` or `prepared`; further arguments are its own.
"""

import sys
from contextlib import ExitStack
from pathlib import Path
from unittest.mock import patch

import yaml

from acceptance.lab import __main__ as command
from acceptance.lab.embedded import lab
from acceptance.lab.embedded.lab import Programs
from dev.prepared import starter as prepared
from dev.prepared.first_import import FirstImport
from dev.prepared.starter import PreparedStarter
from tests.lab.embedded import fake


def main(folder: Path, way: str, *more: str) -> int:
    """Keep the lab up until a signal."""
    (folder / "manifests").mkdir(parents=True)
    (folder / "manifests" / "all.yaml").write_text(yaml.safe_dump_all(fake.manifests()))

    def programs(*_: object, **__: object) -> Programs:
        return fake.programs(folder).__getitem__

    arguments = ["--manifests", str(folder / "manifests"), "--cache", str(folder / "cache")]
    arguments += more
    with ExitStack() as patches:
        patches.enter_context(patch.object(command, "programs_for", programs))
        if way == "prepared":
            known = FirstImport(modules=("json",))
            patches.enter_context(patch.object(prepared, "first_import", lambda *_, **__: known))
            starter = PreparedStarter(cache=folder)
            patches.enter_context(patch.object(lab, "ColdStarter", lambda: starter))
        return command.main(arguments)


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), *sys.argv[2:]))
