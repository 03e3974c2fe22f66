"""Choosing which source records to compare at all.

Records that say exactly the same are one *profile*; profiles that share a blocking key are candidate pairs. Values that
many people carry are no evidence and make no key. How a pair is judged lives in `compare`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow as pa

from pipelines.identity.vocabulary import load

if TYPE_CHECKING:
    import duckdb

# From how many different given names on a value says nothing about who somebody is. A large family shares an e-mail
# address or a landline; a company switchboard or a typed-in dummy is shared by more. Streets count a house of flats.
MAX_PEOPLE_PER_EMAIL = 6
MAX_PEOPLE_PER_PHONE = 8
MAX_PEOPLE_PER_ADDRESS = 12
# A mailbox of a role or of many, up to so many, still tells two people of the same full name to be one.
MAX_PEOPLE_PER_MAILBOX = 25
# A mailbox or number that leads to more addresses says nothing about where somebody lives.
MAX_HOMES_PER_CONTACT = 4
# More people do not write from the domain of a company that is a customer; it is a provider, or a group of companies.
MAX_PEOPLE_PER_DOMAIN = 25
# Profiles in one block; n profiles are n²/2 pairs. A larger block is a value that says little (a common name in a
# large town), and who belongs together in it shares another, smaller block.
MAX_BLOCK_SIZE = 100

# What makes up a profile. `strong_key` names the system, since the ids of two systems mean different things.
PROFILE_COLUMNS = (
    "party_std", "given_std", "family_std", "generation_std", "given_key", "name_std", "organisation_std", "email_std",
    "phone_std", "phone_key", "phone_alternate_std", "phone_alternate_key", "address_std", "postal_code_std",
    "date_of_birth_std", "strong_key",
)  # fmt: skip

STRONG_KEY = "source_system || '/' || strong_id"

_NAME_WORDS = "list_distinct([given_key] || string_split(coalesce(family_std, ''), ' '))"
_PHONES = "list_distinct(list_filter([phone, phone_alternate], lambda key: key IS NOT NULL))"
# rule → list of keys of one profile. A key is null where the profile lacks a part of it.
BLOCKING_RULES: dict[str, str] = {
    "strong_id": "[strong_key]",
    "mailbox": "[mailbox]",
    "phone": _PHONES,
    "birth_date_and_name_word": (
        f"list_transform({_NAME_WORDS}, lambda word: date_of_birth_std || '/' || nullif(word, ''))"
    ),
    "birth_date_and_postal_code": "[date_of_birth_std || '/' || postal_code_std]",
    "address": "[address]",
    "name_and_postal_code": (
        "[least(given_key, family_std) || '/' || greatest(given_key, family_std) || '/' || postal_code_std]"
    ),
    "organisation": "[if(party_std = 'organisation', organisation_std, NULL)]",
    "organisation_domain": "[if(party_std = 'organisation', domain, NULL)]",
    "company_domain": "[company_domain]",
    "name_and_household": (
        "list_transform(homes, lambda home:"
        " least(given_key, family_std) || '/' || greatest(given_key, family_std) || '/' || home)"
    ),
    "organisation_place": (
        "[if(party_std = 'organisation', string_split(organisation_std, ' ')[1] || '/' || postal_code_std, NULL)]"
    ),
}


def find_candidates(connection: duckdb.DuckDBPyConnection) -> int:
    """Build the temporary tables below from `identity.source_records`; return the number of candidate pairs.

    `profile`: one row per distinct evidence; `email`, `phone`, `phone_alternate`, `address`, `domain` hold what counts
    as evidence, `mailbox` an e-mail address that counts together with a full name, `company_domain` the domain of an
    organisation on all profiles that write from it. `record_profile`: one row per source record. `candidate`: one row
    per pair of profiles sharing a block (left < right), and per profile carried by several records (left = right), with
    the rules that found it.
    """
    _find_shared_values(connection)
    _build_profiles(connection)
    keys = " UNION ALL ".join(
        f"SELECT profile_id, '{rule}' AS rule, unnest({keys}) AS block_key FROM profile"
        for rule, keys in BLOCKING_RULES.items()
    )
    connection.execute(
        # A hash of the key joins faster than its text; two keys with one hash only cost a comparison.
        f"""CREATE OR REPLACE TEMP TABLE block AS
            SELECT hash(rule, block_key) AS block_hash, any_value(rule) AS rule, list(profile_id) AS profiles
            FROM ({keys}) WHERE block_key IS NOT NULL
            GROUP BY block_hash HAVING len(profiles) BETWEEN 2 AND {MAX_BLOCK_SIZE}"""
    )
    connection.execute(
        """CREATE OR REPLACE TEMP TABLE candidate AS
           WITH member AS (SELECT block_hash, rule, unnest(profiles) AS profile_id FROM block)
           SELECT one.profile_id AS left_id, other.profile_id AS right_id, list_sort(list(DISTINCT one.rule)) AS rules
           FROM member AS one
           JOIN member AS other ON one.block_hash = other.block_hash AND one.profile_id < other.profile_id
           GROUP BY ALL
           UNION ALL
           SELECT profile_id, profile_id, ['same_profile'] FROM profile WHERE record_count > 1"""
    )
    connection.execute("DROP TABLE block")
    row = connection.execute("SELECT count(*) FROM candidate").fetchone()
    assert row  # noqa: S101
    return int(row[0])


def _find_shared_values(connection: duckdb.DuckDBPyConnection) -> None:
    """Build `shared_value`: e-mails, phones and addresses that too many given names carry."""
    values = {
        "email": ("email_std", MAX_PEOPLE_PER_EMAIL),
        "mailbox": ("email_std", MAX_PEOPLE_PER_MAILBOX),
        "domain": ("split_part(email_std, '@', 2)", MAX_PEOPLE_PER_DOMAIN),
        "phone": ("unnest([phone_key, phone_alternate_key])", MAX_PEOPLE_PER_PHONE),
        "address": ("address_std", MAX_PEOPLE_PER_ADDRESS),
    }
    # An initial may be anybody's.
    counts = " UNION ALL ".join(
        f"""SELECT '{kind}' AS kind, value FROM (SELECT {expression} AS value, given_key FROM identity.source_records)
            WHERE value IS NOT NULL AND length(given_key) > 1
            GROUP BY value HAVING count(DISTINCT given_key) > {limit}"""
        for kind, (expression, limit) in values.items()
    )
    connection.execute(f"CREATE OR REPLACE TEMP TABLE shared_value AS {counts}")


def _build_profiles(connection: duckdb.DuckDBPyConnection) -> None:
    vocabulary = load()
    mailboxes = pa.table({"mailbox": sorted(vocabulary.role_mailboxes)})
    domains = pa.table({"domain": sorted(vocabulary.freemail_domains)})
    connection.register("role_mailbox", mailboxes)
    connection.register("freemail_domain", domains)
    # Unit separators and an explicit mark for null, so that no two different profiles read the same.
    text = " || chr(31) || ".join(f"coalesce({name}, chr(30))" for name in PROFILE_COLUMNS)
    connection.execute(
        f"""CREATE OR REPLACE TEMP TABLE record_digest AS
            SELECT source_record_key, md5_number({text}) AS digest
            FROM (SELECT *, {STRONG_KEY} AS strong_key FROM identity.source_records)"""
    )
    shared = "(SELECT value FROM shared_value WHERE kind = '{}')"
    connection.execute(
        f"""CREATE OR REPLACE TEMP TABLE profile AS
            WITH counted AS (
              SELECT digest, min(source_record_key) AS representative, count(*) AS record_count
              FROM record_digest GROUP BY digest),
            distinct_profile AS (
              SELECT counted.*, {", ".join(PROFILE_COLUMNS)}
              FROM counted JOIN (SELECT *, {STRONG_KEY} AS strong_key FROM identity.source_records)
                ON source_record_key = representative),
            located AS (
              SELECT *, if(domain_std IN {shared.format("domain")}
                           OR domain_std IN (SELECT domain FROM freemail_domain), NULL, domain_std) AS domain,
                     coalesce(split_part(email_std, '@', 1) IN (SELECT mailbox FROM role_mailbox), false)
                       AS is_role_mailbox
              FROM (SELECT *, split_part(email_std, '@', 2) AS domain_std FROM distinct_profile))
            SELECT row_number() OVER (ORDER BY representative) AS profile_id, * EXCLUDE (domain_std),
              if(email_std IN {shared.format("email")} OR (party_std = 'person' AND is_role_mailbox), NULL, email_std)
                AS email,
              -- A role mailbox at a provider may be anybody's.
              if(email_std IN {shared.format("mailbox")} OR (is_role_mailbox AND domain IS NULL), NULL, email_std)
                AS mailbox,
              if(domain IN (SELECT domain FROM located WHERE organisation_std IS NOT NULL), domain, NULL)
                AS company_domain,
              if(phone_key IN {shared.format("phone")}, NULL, phone_key) AS phone,
              if(phone_alternate_key IN {shared.format("phone")}, NULL, phone_alternate_key) AS phone_alternate,
              if(address_std IN {shared.format("address")}, NULL, address_std) AS address
            FROM located"""
    )
    _find_homes(connection)
    connection.execute(
        """CREATE OR REPLACE TEMP TABLE record_profile AS
           SELECT source_record_key, profile_id FROM record_digest JOIN profile USING (digest)"""
    )
    connection.execute("DROP TABLE record_digest")
    connection.unregister("role_mailbox")
    connection.unregister("freemail_domain")


def _find_homes(connection: duckdb.DuckDBPyConnection) -> None:
    """Add `homes` to `profile`: the addresses of everybody on the same mailbox or telephone, and its own.

    A mailbox of a family is used from the home of the family, by whomever.
    """
    connection.execute(
        f"""CREATE OR REPLACE TEMP TABLE home AS
            WITH reached AS (
              SELECT profile_id, address, unnest([mailbox, phone, phone_alternate]) AS contact FROM profile
              WHERE party_std = 'person'),
            housed AS (
              SELECT contact, list(DISTINCT address) AS addresses FROM reached
              WHERE contact IS NOT NULL AND address IS NOT NULL
              GROUP BY contact HAVING len(addresses) <= {MAX_HOMES_PER_CONTACT})
            SELECT profile_id, list_sort(list(DISTINCT address)) AS homes
            FROM (SELECT profile_id, unnest(addresses) AS address FROM reached JOIN housed USING (contact)
                  UNION ALL SELECT profile_id, address FROM reached WHERE address IS NOT NULL)
            GROUP BY profile_id"""
    )
    connection.execute(
        "CREATE OR REPLACE TEMP TABLE profile AS SELECT profile.*, homes FROM profile LEFT JOIN home USING (profile_id)"
    )
    connection.execute("DROP TABLE home")
