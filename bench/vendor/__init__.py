"""A KiotViet-like shop that answers from prepared bytes, so that no client ever waits for it."""
