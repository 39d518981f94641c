"""The log and the figures."""
