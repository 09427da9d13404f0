"""Binds the contract's features, in the order of its profile."""

from pytest_bdd import scenarios

from acceptance.plugin.contract import feature_files

for file in feature_files():
    scenarios(file)
