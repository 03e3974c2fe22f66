"""Say what good data is and judge batches by it. The only place that knows Great Expectations."""
