"""Normalizing the samples once for all tests that only look at the result."""

import functools

import pytest

from tests.kit.sample_tables import NormalizeSample, normalizer


@pytest.fixture(scope="session")
def normalized(tmp_path_factory) -> NormalizeSample:
    """Normalize a sample, or other bytes in its place; each distinct input once."""
    run = normalizer()
    kept = {}

    @functools.wraps(run)
    def once(sample, content=None, file=None):
        key = (sample.id, content, file)
        if key not in kept:
            kept[key] = run(sample, content, file)
        return kept[key]

    return once


@pytest.fixture(scope="session")
def normalized_anew(tmp_path_factory) -> NormalizeSample:
    """Normalize a sample without looking at what an earlier call made of it."""
    return normalizer()
