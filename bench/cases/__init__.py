"""The work that is measured: one module a case, each a generator of heats that opens what they need around them."""
