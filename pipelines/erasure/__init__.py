"""Erasing customers from everything that a home holds, and showing that nothing of them is left."""
