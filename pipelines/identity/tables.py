"""The tables of schema `identity` as readers find them: names, columns, grain. Nothing here fills them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipelines.trouble import Trouble

if TYPE_CHECKING:
    import duckdb

# Grain in the comment of each table; DuckDB keeps it, so that readers of the file find it too. Tables that
# grow with the records have no primary key: keeping one costs more than all else that a run writes, and the models test
# that what is published is unique.
TABLES: dict[str, tuple[str, str]] = {
    "gathered_row": (
        "One row per staged row that was read: numbers of its key and of its content, to see what changes.",
        "row_no UBIGINT NOT NULL, content UBIGINT NOT NULL",
    ),
    "account_reference": (
        "One row per staged row that refers to an account.",
        """row_no UBIGINT NOT NULL, source_record_key VARCHAR NOT NULL, source_system VARCHAR NOT NULL,
           record_id VARCHAR NOT NULL, account_key VARCHAR NOT NULL""",
    ),
    "source_records": (
        "One row per record of a source system that tells of a customer: as written, and standardised for matching.",
        """record_no BIGINT NOT NULL, source_record_key VARCHAR NOT NULL, source_system VARCHAR NOT NULL,
           entity VARCHAR NOT NULL, record_id VARCHAR NOT NULL, party_type VARCHAR, full_name VARCHAR,
           given_name VARCHAR, family_name VARCHAR, organisation_name VARCHAR, email VARCHAR, phone VARCHAR,
           phone_alternate VARCHAR, street VARCHAR, city VARCHAR,
           region VARCHAR, postal_code VARCHAR, country VARCHAR, date_of_birth DATE, strong_id VARCHAR,
           language VARCHAR, is_email_verified BOOLEAN, is_stub BOOLEAN NOT NULL, is_deleted BOOLEAN NOT NULL,
           record_hash UBIGINT NOT NULL, source_created_at TIMESTAMP, source_updated_at TIMESTAMP,
           party_std VARCHAR, given_std VARCHAR, family_std VARCHAR, generation_std VARCHAR, name_std VARCHAR,
           given_key VARCHAR, organisation_std VARCHAR, email_std VARCHAR, phone_std VARCHAR, phone_key VARCHAR,
           phone_alternate_std VARCHAR, phone_alternate_key VARCHAR, address_std VARCHAR, postal_code_std VARCHAR,
           country_std VARCHAR, date_of_birth_std VARCHAR, first_seen_at TIMESTAMP NOT NULL""",
    ),
    "standardised_value": (
        "One row per distinct value (value_no) that a record carries, with what it is standardised to.",
        "kind VARCHAR NOT NULL, value VARCHAR NOT NULL, value_no UBIGINT NOT NULL, standard VARCHAR[]",
    ),
    "comparable": (
        "One row per source record: its comparable form.",
        """record_no BIGINT NOT NULL, source_record_key VARCHAR NOT NULL, given VARCHAR, middle VARCHAR, family VARCHAR,
           generation VARCHAR, organisation VARCHAR, street VARCHAR, house VARCHAR, way VARCHAR, postal_code VARCHAR,
           city VARCHAR, region VARCHAR, national_id VARCHAR, source VARCHAR, email VARCHAR, phone VARCHAR,
           phone_alternate VARCHAR, birth_year BIGINT NOT NULL, birth_month BIGINT NOT NULL,
           birth_day BIGINT NOT NULL""",
    ),
    "block_key": (
        "One row per record and blocking key: records with one key are compared.",
        "block_hash BIGINT NOT NULL, record_no BIGINT NOT NULL",
    ),
    "home_value": (
        "One row per record and value that it shares with its household: surname and contact or street, as a number.",
        "value_no UBIGINT NOT NULL, record_no BIGINT NOT NULL",
    ),
    "chain": (
        "One row per record that good pairs connect with others: the lowest record number of its chain.",
        "record_no BIGINT NOT NULL, chain_no BIGINT NOT NULL",
    ),
    "learned": (
        "One row: what the last full match learned, apart from levels and shares; and changes since then.",
        """people BIGINT NOT NULL, match_odds_log2 DOUBLE NOT NULL, home_odds_log2 DOUBLE NOT NULL,
           calibration_factor DOUBLE NOT NULL, calibration_offset DOUBLE NOT NULL, blocking_rules VARCHAR[] NOT NULL,
           records BIGINT NOT NULL, changed_since BIGINT NOT NULL""",
    ),
    "comparison_level": (
        "One row per attribute and level of agreement, with what the last full match learned of it.",
        """comparison_no INTEGER NOT NULL, level_no INTEGER NOT NULL, attribute VARCHAR NOT NULL,
           level VARCHAR NOT NULL, match_log2 DOUBLE, home_log2 DOUBLE, chance_log2 DOUBLE, by_name_log2 DOUBLE""",
    ),
    "value_share": (
        "One row per value that several people share: log2 of the share of people with it; the value only as a number.",
        "kind VARCHAR NOT NULL, value_hash BIGINT NOT NULL, share_log2 FLOAT NOT NULL",
    ),
    "scored_pairs": (
        "One row per pair of source records (left_key < right_key) of one customer, or alike though of two.",
        """left_no BIGINT NOT NULL, right_no BIGINT NOT NULL, left_key VARCHAR NOT NULL, right_key VARCHAR NOT NULL,
           bits FLOAT NOT NULL, probability DOUBLE NOT NULL, decision VARCHAR NOT NULL, decided_by VARCHAR NOT NULL,
           levels TINYINT[] NOT NULL,
           level_bits FLOAT[] NOT NULL""",
    ),
    "customer_crosswalk": (
        "One row per source record: the customer that it belongs to now.",
        """record_no BIGINT NOT NULL, source_record_key VARCHAR NOT NULL, source_system VARCHAR NOT NULL,
           entity VARCHAR NOT NULL, record_id VARCHAR NOT NULL, customer_id VARCHAR NOT NULL,
           match_method VARCHAR NOT NULL, confidence DOUBLE, valid_from TIMESTAMP NOT NULL""",
    ),
    "crosswalk_history": (
        "One row per source record and period in which it belonged to one customer; valid_to is null while it does.",
        """source_record_key VARCHAR NOT NULL, customer_id VARCHAR NOT NULL, valid_from TIMESTAMP NOT NULL,
           valid_to TIMESTAMP, change_event_id VARCHAR NOT NULL""",
    ),
    "identity_event": (
        "One row per change of who is who; append-only, but that erasing a customer takes record keys out.",
        """event_id VARCHAR NOT NULL, event_type VARCHAR NOT NULL, customer_id VARCHAR NOT NULL,
           other_customer_id VARCHAR, source_record_key VARCHAR, actor VARCHAR NOT NULL,
           reason VARCHAR NOT NULL, run_id VARCHAR NOT NULL, occurred_at TIMESTAMP NOT NULL""",
    ),
    "customer_id_redirect": (
        "One row per customer id that was merged away: where its records are now, already followed to the end.",
        """old_customer_id VARCHAR PRIMARY KEY, current_customer_id VARCHAR NOT NULL, changed_at TIMESTAMP NOT NULL,
           event_id VARCHAR NOT NULL""",
    ),
    "judgements": (
        "One row per decision of a steward on a pair of source records (left_key < right_key); the latest counts.",
        """left_key VARCHAR NOT NULL, right_key VARCHAR NOT NULL, decision VARCHAR NOT NULL,
           decided_by VARCHAR NOT NULL,
           decided_at TIMESTAMP NOT NULL, reason VARCHAR NOT NULL""",
    ),
    "judgement_basis": (
        "One row per judgement: what the model by itself said of the pair when it was judged.",
        """left_key VARCHAR NOT NULL, right_key VARCHAR NOT NULL, decided_at TIMESTAMP NOT NULL,
           model_decision VARCHAR NOT NULL, probability DOUBLE""",
    ),
    "unmerge": (
        "One row per judgement by which a steward undid a merge: the customer id that it gives back, and when.",
        """customer_id VARCHAR NOT NULL, unmerged_at TIMESTAMP NOT NULL, left_key VARCHAR NOT NULL,
           right_key VARCHAR NOT NULL, decided_at TIMESTAMP NOT NULL""",
    ),
    "review_sample": (
        "One row per sample and pair drawn by chance from the matches of the model, to estimate how many are right.",
        """sample VARCHAR NOT NULL, position BIGINT NOT NULL, left_key VARCHAR NOT NULL, right_key VARCHAR NOT NULL,
           probability DOUBLE NOT NULL, band VARCHAR NOT NULL, band_size BIGINT NOT NULL,
           drawn_at TIMESTAMP NOT NULL""",
    ),
    "erased_record": (
        "One row per source record that was erased: what tells it should it come again, and nothing else of it.",
        "tombstone VARCHAR PRIMARY KEY, erased_at TIMESTAMP NOT NULL",
    ),
    "erasure_salt": ("One row once somebody was erased: the secret that tombstones are made with.", "salt VARCHAR"),
    "applied_judgement": (
        "One row per pair with a judgement in force when records were last matched.",
        "left_key VARCHAR NOT NULL, right_key VARCHAR NOT NULL, decision VARCHAR NOT NULL",
    ),
    "golden_customers": (
        "One row per customer: the surviving value of each attribute.",
        """customer_id VARCHAR NOT NULL, party_type VARCHAR, display_name VARCHAR, full_name VARCHAR,
           given_name VARCHAR, family_name VARCHAR, organisation_name VARCHAR, primary_email VARCHAR,
           is_email_verified BOOLEAN, primary_phone_e164 VARCHAR, street VARCHAR, city VARCHAR, region VARCHAR,
           postal_code VARCHAR, country VARCHAR, date_of_birth DATE, language VARCHAR, record_count BIGINT NOT NULL,
           source_count BIGINT NOT NULL, identity_confidence DOUBLE, is_deleted BOOLEAN NOT NULL,
           first_seen_at TIMESTAMP NOT NULL, last_changed_at TIMESTAMP""",
    ),
    "attribute_provenance": (
        "One row per customer and filled attribute of the golden record: which record and which rule gave the value.",
        """customer_id VARCHAR NOT NULL, attribute_name VARCHAR NOT NULL, attribute_value VARCHAR,
           source_system VARCHAR NOT NULL, source_record_key VARCHAR NOT NULL, survivorship_rule VARCHAR NOT NULL,
           candidate_count BIGINT NOT NULL, is_conflict BOOLEAN NOT NULL, source_updated_at TIMESTAMP""",
    ),
    "customer_household": (
        "One row per customer: the household, which is named after its oldest customer. No reason to merge anybody.",
        "customer_id VARCHAR NOT NULL, household_id VARCHAR NOT NULL",
    ),
    "cluster_quality": (
        "One row per customer: how well its records hold together; flag is null when nothing calls for a look.",
        """customer_id VARCHAR NOT NULL, record_count BIGINT NOT NULL, source_count BIGINT NOT NULL,
           is_person BOOLEAN NOT NULL, given_name_count BIGINT NOT NULL, full_given_name_count BIGINT NOT NULL,
           surname_count BIGINT NOT NULL, birth_date_count BIGINT NOT NULL, address_count BIGINT NOT NULL,
           mean_confidence DOUBLE, weakest_edge DOUBLE, flag VARCHAR""",
    ),
    "named_mailbox": (
        "One row per customer and e-mail address beside a full name: numbers of both, to see who shares one.",
        "customer_no UBIGINT NOT NULL, mailbox_no UBIGINT NOT NULL",
    ),
    "cluster_statistic": (
        "One row per run that changed something and statistic over all customers: value, what was expected, verdict.",
        """run_id VARCHAR NOT NULL, resolved_at TIMESTAMP NOT NULL, statistic VARCHAR NOT NULL, value DOUBLE,
           base BIGINT NOT NULL, lowest DOUBLE, highest DOUBLE, former_value DOUBLE, status VARCHAR NOT NULL,
           note VARCHAR NOT NULL""",
    ),
    "resolution": (
        "One row per run that changed something: what went in and what came out.",
        """run_id VARCHAR PRIMARY KEY, resolved_at TIMESTAMP NOT NULL,
           rules_fingerprint VARCHAR NOT NULL, records BIGINT NOT NULL, new_records BIGINT NOT NULL,
           changed_records BIGINT NOT NULL, removed_records BIGINT NOT NULL, is_full BOOLEAN NOT NULL,
           compared_pairs BIGINT NOT NULL, customers BIGINT NOT NULL, created BIGINT NOT NULL,
           merges BIGINT NOT NULL, splits BIGINT NOT NULL, retired BIGINT NOT NULL""",
    ),
    "full_match": (
        "One row per full match that was weighed, applied or held back: what it does to the customers there were.",
        """run_id VARCHAR NOT NULL, weighed_at TIMESTAMP NOT NULL, cause VARCHAR NOT NULL, is_applied BOOLEAN NOT NULL,
           rules_fingerprint VARCHAR NOT NULL, records BIGINT NOT NULL, customers_before BIGINT NOT NULL,
           customers_after BIGINT NOT NULL, merges BIGINT NOT NULL, splits BIGINT NOT NULL,
           created_ids BIGINT NOT NULL, moved BIGINT NOT NULL, affected BIGINT NOT NULL""",
    ),
}

PAIR_EVIDENCE = """
CREATE VIEW IF NOT EXISTS identity.pair_evidence AS
WITH pair AS (SELECT left_key, right_key, unnest(levels) AS level_no, unnest(level_bits) AS bits,
                     generate_subscripts(levels, 1) AS comparison_no FROM identity.scored_pairs)
SELECT left_key, right_key, attribute, level, pair.bits
FROM pair JOIN identity.comparison_level USING (comparison_no, level_no)
"""


def ensure_schema(connection: duckdb.DuckDBPyConnection) -> None:
    """Create schema `identity` and its tables, empty, where they are missing.

    Raises Trouble when a table has other columns, as one that another version made.
    """
    connection.execute("CREATE SCHEMA IF NOT EXISTS identity")
    existing = dict(
        connection.execute(
            """SELECT table_name, list(column_name ORDER BY column_index) FROM duckdb_columns()
               WHERE schema_name = 'identity' GROUP BY table_name"""
        ).fetchall()
    )
    for name, (grain, columns) in TABLES.items():
        if name not in existing:
            connection.execute(f"CREATE TABLE identity.{name} ({columns})")
            connection.execute(f"COMMENT ON TABLE identity.{name} IS '{grain}'")
        elif existing[name] != [column.split()[0] for column in columns.split(",")]:
            raise Trouble(
                f"identity.{name}",
                "this warehouse was made by another version, with other columns",
                "Go on with that version, or make the home anew: move it away and run c360 sync.",
            )
    connection.execute(PAIR_EVIDENCE)
