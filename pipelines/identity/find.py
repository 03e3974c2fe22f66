"""Finding a customer by what somebody has at hand: a name, an e-mail address, a phone number, any id, old ones too."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipelines.identity import phones, standardise

if TYPE_CHECKING:
    import duckdb


def find(connection: duckdb.DuckDBPyConnection, text: str, *, default_region: str | None = None) -> list[str]:
    """Return ids of the customers that `text` may mean, sorted; empty if none.

    Tried on all: customer id (followed through redirects), source record key, record id at any source, e-mail,
    telephone number (national ones compare by their last nine digits), name in either order, organisation.
    """
    text = text.strip()
    name = standardise.person_name(text)
    number = phones.e164(text, default_region)
    rows = connection.execute(
        """WITH found AS (
             SELECT customer_id FROM identity.golden_customers WHERE customer_id = upper($text)
             UNION SELECT current_customer_id FROM identity.customer_id_redirect WHERE old_customer_id = upper($text)
             UNION SELECT customer_id FROM identity.customer_crosswalk
                   WHERE source_record_key = $text OR record_id = $text
             UNION SELECT customer_id FROM identity.customer_crosswalk
                   JOIN identity.source_records USING (source_record_key)
                   WHERE email_std = $email OR lower(email) = lower($text)
                      OR phone_std = $number OR phone_alternate_std = $number
                      OR ($number IS NULL AND $phone_key IN (phone_key, phone_alternate_key))
                      OR (given_std = $given AND family_std IS NOT DISTINCT FROM $family)
                      OR (given_std = $family AND family_std = $given)
                      OR (family_std = $given AND $family IS NULL)
                      OR organisation_std = $organisation)
           SELECT customer_id FROM found ORDER BY customer_id""",
        {
            "text": text,
            "email": standardise.email(text) if "@" in text else None,
            "number": number,
            "phone_key": phones.key(text, number),
            "given": name.given if name else None,
            "family": name.family if name else None,
            "organisation": standardise.organisation(text),
        },
    ).fetchall()
    return [customer_id for (customer_id,) in rows]
