"""Where the checkout lies, and the real registry data beside it."""

from pathlib import Path

HOME = Path(__file__).parents[2]
CONFIGS = HOME / "configs"
SAMPLES = HOME / "tests" / "samples"
REAL_DATA = HOME.parent / "shared" / "data"
"""Real registry data, kept beside the checkout; the tests that read it skip where it is absent."""
