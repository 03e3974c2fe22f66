"""Decide what runs, and who a customer is. `ingest` and `refresh` tell the whole story; the rest are their rooms."""
