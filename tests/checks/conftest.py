"""Property tests: the same examples in each run, however busy the machine."""

from pathlib import Path

from hypothesis import settings
from hypothesis.configuration import set_hypothesis_home_dir

# beside pytest's own leftovers, which git ignores and "make clean" removes
set_hypothesis_home_dir(Path(__file__).parents[2] / ".pytest_cache" / "hypothesis")
settings.register_profile("project", deadline=None, database=None, derandomize=True)
settings.load_profile("project")
