"""The kinds of labelled set: which columns they have and how their sources treat people.

Several kinds, so that nobody tunes a matcher on one of them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from corruption import Wear
from population import with_branches, with_colleagues, with_rare_names

from sample_company.noise import Habits

Shaping = Callable[[pa.Table, np.random.Generator], pa.Table]


@dataclass(frozen=True)
class Source:
    """One system whose records are in a set. `share` is its share of the records."""

    name: str
    share: float
    habits: Habits
    wear: Wear


@dataclass(frozen=True)
class Kind:
    """One kind of set. `columns` names the column and its role, as a roles file does."""

    columns: dict[str, str]
    sources: tuple[Source, ...]
    households: tuple[float, ...]  # shares of people in shared homes that the default run makes
    records_an_entity: float = 2.5
    organisation_share: float = 0.0
    shaping: tuple[Shaping, ...] = (with_rare_names,)
    duplicate_free: bool = False  # each source has an entity once at most


_NAMES = {"given_name": "given_name", "family_name": "family_name"}
_CONTACTS = {"email": "email", "phone": "phone"}
_ADDRESS = {
    "street": "street",
    "city": "city",
    "region": "region",
    "postal_code": "postal_code",
    "country": "country",
}
_BIRTH = {"date_of_birth": "date_of_birth"}

CRM = Kind(
    columns=_NAMES | _CONTACTS | _ADDRESS | _BIRTH,
    households=(0.0, 0.3, 0.6),
    sources=(
        Source(
            "shop",
            0.45,
            Habits(latin=0.4, nickname=0.08, missing_email=0.03, missing_phone=0.3, missing_birth=0.6),
            Wear(missing_given=0.03, wrong_letter=0.01, wrong_mailbox=0.01, wrong_phone=0.01, missing_address=0.05),
        ),
        Source(
            "helpdesk",
            0.25,
            Habits(latin=0.7, nickname=0.15, initial=0.06, missing_email=0.06, missing_phone=0.55, missing_birth=1.0),
            Wear(missing_given=0.06, wrong_mailbox=0.01, missing_address=0.7, city_only=0.1),
        ),
        Source(
            "front desk",
            0.2,
            Habits(
                latin=0.3, nickname=0.15, typo=0.06, initial=0.05, missing_email=0.6, missing_phone=0.15,
                missing_birth=1.0, landline=0.4, shouted=0.1,
            ),
            Wear(missing_given=0.15, wrong_letter=0.03, wrong_phone=0.03, missing_address=0.3, city_only=0.2),
        ),
        Source(
            "bureau",
            0.1,
            Habits(
                latin=0.8, nickname=0.03, typo=0.04, former=0.6, missing_email=0.6, missing_phone=0.4,
                missing_birth=0.05, shouted=0.3,
            ),
            Wear(wrong_letter=0.01, wrong_birth_digit=0.03),
        ),
    ),
)  # fmt: skip

CENSUS = Kind(
    columns=_NAMES | _BIRTH | _ADDRESS,
    households=(0.6,),
    sources=(
        Source(
            "count",
            1.0,
            Habits(latin=0.6, nickname=0.1, typo=0.05, initial=0.05, former=0.35, missing_birth=0.08, wrong_birth=0.02),
            Wear(missing_given=0.02, wrong_letter=0.02, wrong_birth_digit=0.04, missing_address=0.02, city_only=0.04),
        ),
    ),
)

REGISTER = Kind(
    columns=_NAMES | _BIRTH | {"city": "city"},
    households=(0.0,),
    sources=(
        Source(
            "register",
            1.0,
            Habits(
                latin=0.7, nickname=0.04, typo=0.08, swapped=0.05, initial=0.02, former=0.4, missing_birth=0.04,
                wrong_birth=0.01, shouted=0.1,
            ),
            Wear(missing_given=0.02, wrong_letter=0.05, wrong_birth_digit=0.08, missing_address=0.05),
        ),
    ),
)  # fmt: skip

CONTACTS = Kind(
    columns={"full_name": "full_name"} | _CONTACTS,
    households=(0.3,),
    organisation_share=0.25,
    shaping=(with_rare_names, with_colleagues),
    sources=(
        Source(
            "address book",
            1.0,
            Habits(
                latin=0.6, nickname=0.12, initial=0.06, family_first=0.15, second_email=0.45, household_email=0.2,
                landline=0.4, missing_email=0.08, missing_phone=0.3, contact_named=0.0,
            ),
            Wear(missing_given=0.04, wrong_letter=0.02, wrong_mailbox=0.01, wrong_phone=0.01, other_legal_form=0.3,
                 short_trade=0.1),
        ),
    ),
)  # fmt: skip

ORGANISATIONS = Kind(
    columns={"organisation_name": "organisation_name", "phone": "phone", "street": "street", "city": "city"},
    households=(0.0,),
    organisation_share=1.0,
    shaping=(with_rare_names, with_branches),
    sources=(
        Source(
            "suppliers",
            1.0,
            Habits(typo=0.04, former=0.3, missing_phone=0.25, shouted=0.06, placeholder=0.01),
            Wear(wrong_letter=0.03, wrong_phone=0.02, missing_address=0.05, city_only=0.15, other_legal_form=0.5,
                 short_trade=0.2, town_in_name=0.1),
        ),
    ),
)  # fmt: skip

LOYALTY = Kind(
    columns={"source": "source"} | _NAMES | _CONTACTS | _ADDRESS | _BIRTH,
    households=(0.3,),
    records_an_entity=1.5,
    duplicate_free=True,
    sources=(
        Source(
            "shop",
            0.5,
            Habits(latin=0.4, nickname=0.06, missing_email=0.02, missing_phone=0.35, missing_birth=1.0),
            Wear(missing_given=0.03, wrong_letter=0.01, missing_address=0.1, city_only=0.05),
        ),
        Source(
            "cards",
            0.5,
            Habits(
                latin=0.6, nickname=0.1, typo=0.04, missing_email=0.35, missing_phone=0.2, missing_birth=0.35,
                former=0.5,
            ),
            Wear(missing_given=0.04, wrong_letter=0.02, wrong_mailbox=0.02, wrong_phone=0.02, wrong_birth_digit=0.02,
                 missing_address=0.1, city_only=0.1),
        ),
    ),
)  # fmt: skip

KINDS: dict[str, Kind] = {
    "crm": CRM,
    "census": CENSUS,
    "register": REGISTER,
    "contacts": CONTACTS,
    "organisations": ORGANISATIONS,
    "loyalty": LOYALTY,
}
