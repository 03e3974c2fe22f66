"""What typing hands and thin forms do to records, beyond the sample company's Habits: fields left empty, single letters
and digits hit wrong, legal forms written differently.

Every share is a probability per row. Habits say how a system sees a person; Wear says in what state its rows are.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from sample_company.columns import Ints, Mask, blank, digits, glue, known, pick, replaced, where

LETTERS = tuple("abcdefghijklmnopqrstuvwxyz")
# Beyond the sixth letter a slip changes little; names shorter than four letters would become other names.
_LAST_POSITION = 6
_SHORTEST = 4
_YOUNGEST_YEAR = 2012
# How clerks write one legal form; the first entry is how the register writes it.
LEGAL_FORMS: tuple[tuple[str, tuple[str | None, ...]], ...] = (
    ("GmbH & Co. KG", ("GmbH & Co KG", "GmbH + Co. KG", "KG", None)), ("GmbH", ("G.m.b.H.", "gmbh", "mbH", None)),
    ("AG", ("A.G.", "Aktiengesellschaft", None)), ("e.K.", ("eK", "e. K.", None)),
    ("Inc.", ("Inc", "Incorporated", ", Inc.", None)), ("LLC", ("L.L.C.", "llc", None)),
    ("Corp.", ("Corporation", "Corp", None)),
    ("Ltd", ("Limited", "Ltd.", "LTD", None)), ("PLC", ("plc", "P.L.C.", None)), ("LLP", ("llp", "L.L.P.", None)),
    ("SARL", ("S.A.R.L.", "sarl", None)), ("SAS", ("S.A.S.", None)), ("SA", ("S.A.", None)),
    ("Sp. z o.o.", ("Sp.z o.o.", "Spółka z o.o.", "sp zoo", None)), ("S.A.", ("SA", "Spółka Akcyjna", None)),
)  # fmt: skip
_TRADES = (("Engineering", "Eng."), ("Consulting", "Consult."), ("Garden Supplies", "Garden"), ("Logistics", "Log."))


@dataclass(frozen=True)
class Wear:
    """In what state the rows of a system are."""

    missing_given: float = 0.0  # only the family name is known
    wrong_letter: float = 0.0  # per name part, and half as often in the street
    wrong_mailbox: float = 0.0  # one letter of the e-mail address
    wrong_phone: float = 0.0  # the last digit
    wrong_birth_digit: float = 0.0
    missing_address: float = 0.0
    city_only: float = 0.0  # of the address
    other_legal_form: float = 0.0
    short_trade: float = 0.0
    town_in_name: float = 0.0  # of organisations


def worn(rows: dict[str, pa.Array], rng: np.random.Generator, wear: Wear) -> dict[str, pa.Array]:
    """The rows as `wear` leaves them; birth dates become ISO text."""
    out = dict(rows)
    size = len(out["given_name"])
    for name in ("given_name", "family_name", "full_name"):
        out[name] = wrong_letters(out[name], rng, wear.wrong_letter)
    out["street"] = wrong_letters(out["street"], rng, wear.wrong_letter / 2)
    out["email"] = wrong_letters(out["email"], rng, wear.wrong_mailbox)
    nameless: Mask = (rng.random(size) < wear.missing_given) & known(out["family_name"])
    out["full_name"] = where(nameless, out["family_name"], out["full_name"])
    out["given_name"] = blank(nameless, out["given_name"])
    slip = (rng.random(size) < wear.wrong_phone) & known(out["phone"])
    other = digits(rng.integers(0, 10, size))
    out["phone"] = where(slip, glue(pc.utf8_slice_codeunits(out["phone"], 0, -1), other), out["phone"])
    out["date_of_birth"] = birth_text(out["date_of_birth"], rng, wear.wrong_birth_digit)
    homeless = rng.random(size) < wear.missing_address
    partial = rng.random(size) < wear.city_only
    for name in ("street", "postal_code"):
        out[name] = blank(homeless | partial, out[name])
    for name in ("city", "region"):
        out[name] = blank(homeless, out[name])
    out["organisation_name"] = firm_names(out["organisation_name"], out["city"], rng, wear)
    return out


def wrong_letters(text: pa.Array, rng: np.random.Generator, share: float) -> pa.Array:
    """On `share` of the rows the second to sixth letter is another one."""
    size = len(text)
    at = rng.integers(1, _LAST_POSITION, size)
    letter = pick(LETTERS, rng.integers(0, len(LETTERS), size))
    length = np.nan_to_num(pc.utf8_length(text).to_numpy(zero_copy_only=False).astype(np.float64))
    rows = np.flatnonzero((rng.random(size) < share) & (length > at) & (length >= _SHORTEST))
    if not len(rows):
        return text
    chosen, letters = text.take(pa.array(rows)), letter.take(pa.array(rows))
    changed = chosen
    for position in range(1, _LAST_POSITION):
        start, rest = pc.utf8_slice_codeunits(chosen, 0, position), pc.utf8_slice_codeunits(chosen, position + 1)
        changed = where(at[rows] == position, glue(start, letters, rest), changed)
    return replaced(text, rows, changed)


def birth_text(birth: pa.Array, rng: np.random.Generator, share: float) -> pa.Array:
    """Birth dates as ISO text; on `share` of the rows one part is wrong: a digit of year, month or day, or month and
    day in each other's place."""
    size = len(birth)
    missing = ~known(birth)
    day_number = pc.fill_null(birth.cast(pa.int32()), 0).to_numpy().astype("datetime64[D]")
    year = day_number.astype("datetime64[Y]").astype(np.int64) + 1970
    month = day_number.astype("datetime64[M]").astype(np.int64) % 12 + 1
    day = (day_number - day_number.astype("datetime64[M]")).astype(np.int64) + 1
    kind, step = rng.integers(0, 5, size), rng.integers(1, 10, size)
    wrong = rng.random(size) < share

    units = year // 10 * 10 + (year % 10 + step) % 10
    tens = year // 100 * 100 + (year // 10 % 10 + step) % 10 * 10 + year % 10
    new_year = np.where(kind == 0, units, np.where(kind == 1, tens, year))
    new_year = np.where(wrong & (new_year <= _YOUNGEST_YEAR), new_year, year)
    new_day = np.where(wrong & (kind == 2), np.clip(day // 10 * 10 + (day % 10 + step) % 10, 1, 28), day)
    new_month = np.where(wrong & (kind == 3), (month - 1 + step) % 12 + 1, month)
    turned = wrong & (kind == 4) & (day <= 12)
    new_month, new_day = np.where(turned, day, new_month), np.where(turned, month, new_day)
    # A wrong month may not have the day; clerks' programs refuse such a date.
    new_day = np.where(wrong, np.minimum(new_day, 28), new_day)
    return blank(missing, glue(digits(new_year, 4), digits(new_month, 2), digits(new_day, 2), separator="-"))


def firm_names(name: pa.Array, city: pa.Array, rng: np.random.Generator, wear: Wear) -> pa.Array:
    """Names of organisations as clerks write them."""
    size = len(name)
    for long, short in _TRADES:
        written = pc.replace_substring(name, long, short)
        name = where(rng.random(size) < wear.short_trade, written, name)
    name = wrong_letters(name, rng, wear.wrong_letter)
    other = rng.random(size) < wear.other_legal_form
    result = name
    for form, spellings in LEGAL_FORMS:
        # Every row has one form at its end; longer forms stand first, so that GmbH leaves GmbH & Co. KG alone.
        has = pc.fill_null(pc.ends_with(name, " " + form), False).to_numpy(zero_copy_only=False).astype(np.bool_)
        spelling = _drawn(rng, spellings, size)
        stem = pc.utf8_slice_codeunits(name, 0, -len(form) - 1)
        result = where(other & has, glue(stem, spelling, separator=" "), result)
    result = pc.replace_substring(result, " ,", ",")
    towned = (rng.random(size) < wear.town_in_name) & known(result) & known(city)
    return where(towned, glue(result, city, separator=" "), result)


def _drawn(rng: np.random.Generator, pool: tuple[str | None, ...], size: int) -> pa.Array:
    positions: Ints = rng.integers(0, len(pool), size)
    return pick(pool, positions)
