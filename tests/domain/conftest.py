"""Property tests: the same examples in each run, however busy the machine, nothing left behind."""

from hypothesis import settings

settings.register_profile("project", deadline=None, database=None, derandomize=True)
settings.load_profile("project")
