"""Harbour Lane, an invented small company: its source systems in a box, with a truth file saying who is who.

What lives here: seeded people, the eight systems that know them (shop database, helpdesk and mailer over HTTP, carrier,
website, front-desk, post-room and bureau file drops), one day after another, and the truth to measure against.
What does not: anything of the pipeline. The sample company imports none of its packages, so that it can stand in for
systems that know nothing of us.
"""
