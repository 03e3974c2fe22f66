"""How current each feed is and what is wrong with it, judged from the ledger; `reconcile` alone asks the sources."""
