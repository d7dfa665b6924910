"""Timings, each a module with a command of its own; the README lists them. A timing is no test."""
