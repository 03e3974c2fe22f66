"""Alerts: from findings to people. What lives here: rules, lifecycle, channels, receipts; what does not: detection."""
