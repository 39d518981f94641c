"""A virtual day under the vendors' own limits: how soon everything is the same, and what waits meanwhile."""
