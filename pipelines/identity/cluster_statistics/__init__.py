"""Identity quality without truth: figures over all customers that move when identity resolution goes wrong.

declared (which figures, what is expected of them, and why) · measure (the figures, in SQL) · chances (exact tests) ·
judge (is one out of its range, or changed beyond chance) · record (kept with each run, read by who shows them). Nobody
is resolved here.

Name variation within a customer and one name across customers are what the literature watches between releases where
there are no labels: Binette and Reiter, ER-Evaluation, Journal of Open Source Software 8(91) 5619 (2023), summary
statistics; Binette et al., Estimating the Performance of Entity Resolution Algorithms, The American Statistician
77(4) 370–380 (2023). They tell that something changed, not how many pairs are wrong: that takes labels.
"""
