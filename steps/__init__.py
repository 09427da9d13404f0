"""The translation: one sentence is one call of a driver, or one assertion."""

import importlib
import pkgutil


def load() -> None:
    """Import every step module, so that it is known what its sentences state.

    pytest does so itself, by the list in conftest.py; this is for who reads a contract without it.
    """
    for module in pkgutil.iter_modules(__path__):
        if not module.name.startswith("test_"):
            importlib.import_module(f"{__name__}.{module.name}")
