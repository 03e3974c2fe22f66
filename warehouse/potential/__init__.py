"""What a customer is likely to buy in the months to come: two small probability models, fitted per currency.

Belongs here: the models, their fitting and what they foretell, in NumPy. Does not belong here: what counts as a
purchase (``models/value/purchase_history.sql``) and reading or writing tables (``models/value/potential_*.py``).
"""
