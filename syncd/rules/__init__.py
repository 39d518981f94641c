"""The rules: pure functions from what is stored to what is to be done. No clock, no I/O, no libraries of either."""
