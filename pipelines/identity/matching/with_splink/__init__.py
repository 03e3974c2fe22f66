"""Splink in place of our own scoring: our records and pairs in, its match weights out."""
