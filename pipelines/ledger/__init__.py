"""The ledger: every run, batch, tally, mark, probe, check and lease, in SQLite beside the warehouse.

It stays writable when the warehouse is locked or broken, and it can be rebuilt from the landing folders.
"""
