"""Which records of one table are the same person or organisation, from evidence alone.

`engine` is the way through: comparable values → candidate pairs → evidence in bits → clusters. It knows columns by
their roles, nothing of customers, systems or tables of the warehouse.
"""
