"""Dagster's view of the pure modules: keys, dependencies, groups, metadata, checks. No data is handled here that a
module of the package could handle."""
