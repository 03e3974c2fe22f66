"""Who is who: from the staged rows of every system to one customer id per person or organisation.

`resolve.resolve` is the story on one screen; the other modules are its chapters: records, values, comparables, linkage
(by the engine in `matching`), representatives, crosswalk, households, quality, survivorship, cluster_statistics.
`judgements` takes stewards' decisions, `review` asks them what is worth their time, `why` explains, `evaluation` holds
the model against what they said, `find` answers lookups.

What does not live here: reading sources, judging rows, marts. Nothing here opens a DuckDB file.
"""
