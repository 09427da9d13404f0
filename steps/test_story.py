"""The one place that binds features to pytest, in the order in which they are judged."""

from pytest_bdd import scenarios

# One call a file: a single call would sort them by name.
scenarios("../features/endpoint_configuration.feature")
scenarios("../features/model_listing.feature")
scenarios("../features/model_switching.feature")
scenarios("../features/fallback_chain.feature")
scenarios("../features/documentation.feature")
