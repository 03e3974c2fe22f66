"""The rules by which two profiles are linked, as data: what they must agree on, and how far that can be trusted.

A pair takes the strongest rule that it satisfies. Conditions are SQL over the columns that `compare` derives.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

# Where two profiles may meet whose name says too little: kind → condition on a pair.
MEETING_PLACES = {"email": "same_mailbox", "phone": "same_phone", "company": "same_company"}


@dataclass(frozen=True)
class Rule:
    """A way to be the same customer. `strength` estimates the share of its links that are right, and orders them."""

    rule_id: str
    strength: float
    condition: str


PERSON_RULES = (
    Rule("strong_id", 0.99, "same_strong_id"),
    Rule("email_and_name", 0.98, "same_email AND relation = 'full'"),
    Rule("email_given_name_and_birth_date", 0.97, "same_email AND relation = 'given_only' AND birth = 'equal'"),
    Rule("mailbox_and_name", 0.965, "same_mailbox AND relation = 'full'"),
    Rule("phone_and_name", 0.96, "same_phone AND relation = 'full'"),
    Rule("phone_given_name_and_birth_date", 0.95, "same_phone AND relation = 'given_only' AND birth = 'equal'"),
    Rule("name_and_birth_date", 0.94, "relation = 'full' AND birth = 'equal'"),
    Rule("address_and_name", 0.93, "same_address AND relation = 'full'"),
    Rule("email_and_given_name", 0.92, "same_email AND relation = 'given_only'"),
    Rule("given_name_birth_date_and_place", 0.91, "relation = 'given_only' AND birth = 'equal' AND same_postal_code"),
    Rule("company_domain_and_name", 0.905, "same_company AND relation = 'full'"),
    Rule("initial_birth_date_and_place", 0.90, "relation = 'partial' AND birth = 'equal' AND same_postal_code"),
    Rule("household_and_name", 0.895, "same_household AND relation = 'full'"),
    Rule("postal_code_similar_street_and_name", 0.89, "relation = 'full' AND similar_street"),
    Rule("email_and_birth_date", 0.88, "same_email AND relation = 'unclear' AND birth = 'equal'"),
    Rule("near_birth_date_name_and_place", 0.87, "relation = 'full' AND birth = 'near' AND same_postal_code"),
    Rule(
        "email_and_part_of_name",
        0.86,
        "same_mailbox AND NOT is_role_mailbox AND relation = 'partial' AND NOT is_email_contested",
    ),
    Rule("email_alone", 0.85, "same_email AND relation IS NULL AND NOT is_email_contested"),
    Rule("email_and_name_in_other_script", 0.84, "same_email AND relation = 'other_script' AND NOT is_email_contested"),
    Rule(
        "company_mailbox_and_part_of_name",
        0.835,
        "same_company AND same_mailbox AND relation IN ('partial', 'other_script') AND NOT is_company_contested",
    ),
    Rule(
        "phone_birth_date_and_name_in_other_script",
        0.83,
        "same_phone AND birth = 'equal' AND relation = 'other_script'",
    ),
    Rule("phone_and_part_of_name", 0.80, "same_phone AND relation = 'partial' AND NOT is_phone_contested"),
    Rule("phone_alone", 0.70, "same_phone AND relation IS NULL AND NOT is_phone_contested"),
)
ORGANISATION_RULES = (
    Rule("strong_id", 0.99, "same_strong_id"),
    Rule("organisation_and_email", 0.97, "same_organisation AND same_email"),
    Rule("organisation_and_domain", 0.95, "same_organisation AND same_domain"),
    Rule("organisation_and_phone", 0.93, "same_organisation AND same_phone"),
    Rule("organisation_and_address", 0.92, "same_organisation AND (same_address OR similar_street)"),
    Rule("email_alone", 0.85, "is_one_unnamed AND same_email AND NOT is_email_contested"),
    Rule("phone_alone", 0.70, "is_one_unnamed AND same_phone AND NOT is_phone_contested"),
)
# An organisation and the one person who writes for it are one customer; several people are not.
CONTACT_RULES = (
    Rule("organisation_and_contact", 0.84, "same_organisation AND same_company AND NOT is_company_contested"),
    Rule("mailbox_of_organisation", 0.82, "is_role_mailbox AND same_mailbox AND NOT is_company_contested"),
)


def strongest(rules: Iterable[Rule]) -> str:
    """SQL: the strongest rule that a row of `feature` satisfies, as a struct of rule_id and strength; null for none."""
    ordered = sorted(rules, key=lambda rule: (-rule.strength, rule.rule_id))
    cases = " ".join(
        f"WHEN {rule.condition} THEN {{rule_id: '{rule.rule_id}', strength: {rule.strength}::DOUBLE}}"
        for rule in ordered
    )
    return f"CASE {cases} END"
