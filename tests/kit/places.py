"""Where the checkout lies, and the real registry data beside it."""

from pathlib import Path

HOME = Path(__file__).parents[2]
CONFIGS = HOME / "configs"
SAMPLES = HOME / "tests" / "samples"
UNKNOWN_METHODOLOGY = "Regenerative Kelp Paddocks of the Steppe"
"""The text in the samples that the catalogue does not know; a steward gives it to a protocol."""
REAL_DATA = HOME.parent / "shared" / "data"
"""Real registry data, kept beside the checkout; the tests that read it skip where it is absent."""
