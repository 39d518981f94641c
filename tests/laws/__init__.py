"""Laws: what holds for every value, every order and every history, not only for the examples one thinks of."""
