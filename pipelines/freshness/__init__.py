"""How current each feed is, judged from the ledger alone. Knows nothing of Dagster or of the sources."""
