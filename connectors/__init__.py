"""Bring data in: contracts, sources and landing. Knows nothing of Dagster, the warehouse or the ledger."""
