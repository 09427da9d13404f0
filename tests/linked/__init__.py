"""On the PYTHONPATH of an image's build: what stands in the place of pip."""
