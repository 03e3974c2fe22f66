"""What goes wrong when one computer feeds another, done to the company's systems on purpose.

`chronicle` keeps the company as it was on each day, which is the truth. `shown` is what its systems show of a day.
Each fault changes what is shown and nothing else, so that the source is healed by showing the truth again. The faults
are named after the modes of failure: `arrival` (A), `completeness` (B), `repeats` (C), `shapes` (D), `contents` (E),
`between` (F) and `operation` (G); `registry` knows them all.
"""
