"""The run, and the contract by which it judges.

The contract is read once, before anything is started; a bad one ends the run.
"""

import tempfile
from dataclasses import replace
from pathlib import Path

import pytest

from acceptance.contract.values import Contract
from acceptance.errors import SetupError
from acceptance.message import explain
from acceptance.plugin import settings
from acceptance.report.run import Run
from acceptance.shipped import FEATURES, require_extra
from acceptance.verdict import ExitCode

CONTRACT = pytest.StashKey[Contract]()
"""The contract; whoever runs pytest from Python may hand one in."""
DECLARED = "declared"
"""In the place of a folder: what the manifests themselves declare."""
OTHERWISE = pytest.StashKey[str]()
"""What `--contract` is where nobody says it."""
_DISRUPTIVE = "disruptive: takes a provider away for a while, and gives it back"
_RUN = pytest.StashKey[Run]()
_LATEST: list[Contract] = []
"""That of the run that was configured last: where scenarios are bound there is no `config`."""


def pytest_configure(config: pytest.Config) -> None:
    """Read it, and declare its tags, so that a misspelt one stops the collection."""
    if config.option.help or config.option.version:
        return
    try:
        contract = contract_of(config)
    except SetupError as error:
        raise pytest.exit.Exception(str(error), returncode=ExitCode.UNFIT) from None
    _LATEST[:] = [contract]
    run_of(config)  # it begins
    config.addinivalue_line("markers", _DISRUPTIVE)
    for row in contract.rows:
        config.addinivalue_line("markers", f"{row.tag}: {row.text}")


def contract_of(config: pytest.Config) -> Contract:
    """The contract of this run.

    Raises:
        SetupError: nobody could be judged by it.
    """
    if CONTRACT not in config.stash:
        from acceptance.contract.reading import read_contract  # noqa: PLC0415  # a given one is not read

        given = settings.one(config, "contract") or config.stash.get(OTHERWISE, "")
        if given == DECLARED and not Path(DECLARED).exists():
            config.stash[CONTRACT] = _declared(config)
            return config.stash[CONTRACT]
        root = config.inipath.parent if config.inipath else config.rootpath
        own = root / "features"
        folder = Path(given) if given else own if own.is_dir() else FEATURES
        config.stash[CONTRACT] = read_contract(folder)
    return config.stash[CONTRACT]


def _declared(config: pytest.Config) -> Contract:
    """The contract that the manifests of this run declare, in a folder that ends with the run.

    Raises:
        SetupError: there are none, or nothing can be drafted of them.
    """
    require_extra("The lab")
    from acceptance.draft.declared import declared_in  # noqa: PLC0415  # as seldom
    from acceptance.draft.folder import write_draft  # noqa: PLC0415  # likewise
    from acceptance.draft.writing import doubts_in  # noqa: PLC0415  # likewise
    from acceptance.lab.embedded.manifests import Manifests, places  # noqa: PLC0415  # likewise

    settings.take(config)  # standard input is read once
    given = settings.settings_of(config)
    if given.target not in ("embedded", "kind") or given.reuse:
        raise SetupError(
            explain(
                "Nothing declares what is asked.",
                expected="--target=embedded or kind, and --manifests",
                found=f"--target={given.target}{' --reuse' * given.reuse}",
                where=f"--contract={DECLARED}",
                fix="write it down first (draft --context=NAME, or --open-webui-url=URL), read it, "
                "and judge by --contract=DIR",
            )
        )
    folder = tempfile.TemporaryDirectory(prefix="declared-contract-")
    config.add_cleanup(folder.cleanup)
    draft, found = Path(folder.name) / DECLARED, places(given.manifests)
    what = ", ".join(map(str, found))
    contract = write_draft(declared_in(Manifests.load(*found), what), draft)
    told = (f"as the manifests declare it: {each}" for each in doubts_in(draft))
    return replace(contract, by="by what its manifests declare", notes=(*contract.notes, *told))


def run_of(config: pytest.Config) -> Run:
    """This run, to which whoever sees something of it appends it."""
    if _RUN not in config.stash:
        config.stash[_RUN] = Run(contract=contract_of(config))
    return config.stash[_RUN]


def feature_files() -> tuple[str, ...]:
    """The feature files to bind, in the order in which they are judged."""
    return tuple(str(file) for file in _LATEST[0].files)


@pytest.fixture(scope="session")
def contract(pytestconfig: pytest.Config) -> Contract:
    """What is asked of the deployment."""
    return contract_of(pytestconfig)
