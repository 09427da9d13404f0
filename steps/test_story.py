"""The one place that binds the contract's features to pytest, in the order of its profile."""

from pytest_bdd import scenarios

from acceptance.plugin.contract import feature_files

for file in feature_files():  # one call a file: a single call would sort them by name
    scenarios(file)
