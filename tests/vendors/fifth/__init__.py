"""A fifth vendor that does not exist: Pigeon Post, a mailing list. docs/adding-a-vendor.md walks through it."""
