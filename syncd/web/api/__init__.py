"""The JSON API under /api/v1: the same acts and the same values as the pages, for programs."""
