"""Who is who: from the staged rows of every system to one customer id per person or organisation.

`resolve.resolve` is the story on one screen; the other modules are its chapters: records, standardise, block,
compare, cluster, crosswalk, survivorship, quality. `judgements` takes stewards' decisions, `find` answers lookups.
`review` asks stewards what is worth their time, `why` explains, `evaluation` holds the model against what they said.

What does not live here: reading sources, judging rows, marts. Nothing here opens a DuckDB file.
"""
