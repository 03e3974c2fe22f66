"""Keep data: staging, quarantine, marts and the published file. The only place that opens DuckDB files."""
