"""The suite: real databases, real HTTP on loopback, no mocks."""
