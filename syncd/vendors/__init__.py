"""The vendors: the only HTTP of the project."""
