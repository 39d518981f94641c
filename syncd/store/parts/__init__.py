"""The store by subject: one small class each, made for one transaction. Reads work in any transaction; a write in a
reading one is refused by the database.
"""
