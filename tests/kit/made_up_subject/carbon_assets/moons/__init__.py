"""Moons: a made-up subject, to see that one is added by adding files."""
