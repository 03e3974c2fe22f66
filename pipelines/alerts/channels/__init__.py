"""Channels: one file for each way of telling, and the plan made into channels (`build.py`)."""
