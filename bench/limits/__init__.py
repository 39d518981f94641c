"""The least that the work can cost in Python: the same requests, the same database, and nothing that syncd is for.

Each module is a program: `python -m bench.limits.NAME URL SHOP [STORE]`.
"""
