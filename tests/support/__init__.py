"""What tests stand on: a PostgreSQL server, prepared stores, and the promise to stay on this machine."""
