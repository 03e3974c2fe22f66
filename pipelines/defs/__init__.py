"""The only Dagster code: one module per noun that operators see, each a thin skin over plain functions.

keys · contract_facts · feeds · rules · failures · currency · customers · identity · lineage · reconcile · watching ·
jobs · sensors. What is done in
an asset is written in `pipelines.land`, `ingest` and `refresh`; here is only how it is named, ordered, described and
reported.
"""
