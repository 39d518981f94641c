"""Conflicts and oddities as data: what people did where, and what must come of it; one file for each."""
