"""Something to test: real programs, emulated providers, and the manifests that wire them."""
