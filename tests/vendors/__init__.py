"""The vendors: one contract, four connectors, and the wire below them."""
