"""Hooks: what YAML cannot say about a registry, one module each, one function per table.

A hook takes the name of a view of accepted rows (canonical columns, and the registry's own of `configs/registries/`),
the table's description and the day the file was observed, and returns a SQL query whose columns are canonical; others
can serve as `key`. It never reads files, and never touches rows that were set aside.
"""
