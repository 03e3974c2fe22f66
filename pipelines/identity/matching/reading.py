"""From a table with columns in roles to evidence: every distinct value is brought into its comparable form once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipelines.identity.matching import comparable, contacts
from pipelines.identity.matching.comparable import NameParts
from pipelines.identity.matching.evidence import MISSING, Column, Columns, Evidence, Ints, codes_of, derived, recoded
from pipelines.identity.matching.roles import Roles
from pipelines.identity.matching.threads import both

# Fewer organisations with one last word may be chance.
SEVERAL_FIRMS = 3


def read(table: pa.Table, roles: Roles) -> Evidence:
    """Read `record_id` and the text columns that have roles; a row is a record, in the order of the table."""
    texts = _Texts(table, roles)
    lists, columns = both(lambda: _contacts(texts), lambda: _columns(texts))
    return Evidence(
        table.column("record_id").combine_chunks(),
        {name: column for name, column in columns.items() if column and column.values},
        {name: column for name, column in lists.items() if column and column.values},
        _births(texts),
    )


def _contacts(texts: _Texts) -> dict[str, Columns | None]:
    return {"emails": texts.several("email", contacts.emails), "phones": texts.several("phone", contacts.phones)}


def _columns(texts: _Texts) -> dict[str, Column | None]:
    columns = _names(texts)
    street, postal_code, city = _place(texts)
    columns |= {
        "street": street,
        "house": derived(street, comparable.house) if street else None,
        "way": derived(street, comparable.way) if street else None,
        "postal_code": postal_code,
        "city": city,
        "region": texts.formed("region", comparable.words),
        "sex": texts.formed("sex", comparable.sex),
        "national_id": texts.formed("national_id", comparable.identifier),
        "source": texts.formed("source", str),
    }
    for role in ("category", "other"):
        for at, name in enumerate(texts.roles.get(role, ())):
            columns[f"{role}_{at}"] = derived(encoded(texts.table.column(name)), comparable.words)
    return columns


class _Texts:
    """The columns of each role."""

    def __init__(self, table: pa.Table, roles: Roles) -> None:
        self.table, self.roles, self.size = table, roles, table.num_rows

    def joined(self, *roles: str) -> Column | None:
        """All columns of some roles as one text, in order."""
        names = [name for role in roles for name in self.roles.get(role, ())]
        if not names:
            return None
        if len(names) == 1:
            return encoded(self.table.column(names[0]))
        return encoded(_joined([_text(self.table.column(name)) for name in names]))

    def formed(self, role: str, form: Callable[[str], str | None]) -> Column | None:
        column = self.joined(role)
        return derived(column, form) if column else None

    def several(self, role: str, form: Callable[[pa.Array], pa.Array]) -> Columns | None:
        """Values of alternate columns, the filled ones first, none twice."""
        names = self.roles.get(role, ())
        if not names:
            return None
        found = pa.concat_arrays([_text(self.table.column(name)) for name in names]).dictionary_encode()
        every = recoded(codes_of(found), form(found.dictionary))
        each = np.split(every.codes, len(names))
        for at in range(1, len(each)):
            for former in range(at):
                each[at] = np.where(each[at] == each[former], MISSING, each[at]).astype(np.int32)
                empty = (each[former] == MISSING) & (each[at] != MISSING)
                each[former], each[at] = (
                    np.where(empty, each[at], each[former]).astype(np.int32),
                    np.where(empty, MISSING, each[at]).astype(np.int32),
                )
        return Columns(each=each, values=every.values)

    def numbers(self, role: str) -> Ints:
        column = self.joined(role)
        if column is None:
            return np.zeros(self.size, dtype=np.int64)
        values = [int(value) if value.isdigit() and len(value) < 5 else 0 for value in column.values]
        return np.array([*values, 0], dtype=np.int64)[column.codes]


def _names(texts: _Texts) -> dict[str, Column | None]:
    given, family = texts.joined("given_name"), texts.joined("family_name")
    middle, suffix = texts.formed("middle_name", comparable.words), texts.joined("name_suffix")
    full, organisation = texts.joined("full_name"), texts.formed("organisation_name", comparable.organisation)
    parts: dict[str, list[Column]] = {"given": [], "middle": [], "family": [], "generation": [], "organisation": []}
    if organisation:
        parts["organisation"].append(organisation)
    if suffix:
        found = [comparable.generation(value) for value in suffix.values]
        parts["generation"].append(recoded(suffix.codes, found))
    if given:
        read = [comparable.words_of_name(value)[0] for value in given.values]
        parts["given"].append(recoded(given.codes, [words[0] if words else None for words in read]))
        parts["middle"].append(recoded(given.codes, [" ".join(words[1:]) or None for words in read]))
    if middle:
        parts["middle"].append(middle)
    if family:
        named = [comparable.words_of_name(value) for value in family.values]
        parts["family"].append(recoded(family.codes, [" ".join(words) or None for words, _ in named]))
        parts["generation"].append(recoded(family.codes, [generation for _, generation in named]))
    if full:
        whole = _with_firms([comparable.full_name(value) for value in full.values])
        # Names in parts say more than the same name in one piece.
        unknown = np.ones(texts.size, dtype=np.bool_)
        for part in (given, family):
            if part:
                unknown &= part.codes == MISSING
        codes = np.where(unknown, full.codes, MISSING).astype(np.int32)
        for name, role in (("given", "given"), ("middle", "middle"), ("family", "family"), ("generation", "generation"),
                           ("organisation", "firm")):  # fmt: skip
            parts[name].append(recoded(codes, [getattr(one, role) for one in whole]))
    return {name: _first_of(columns, join=name == "middle") for name, columns in parts.items()}


def _with_firms(names: list[NameParts]) -> list[NameParts]:
    """Recognise organisations written without their legal form by what those with one are called.

    A name is one's whose last word ends several names of organisations, and more of them than of people.
    """
    last_of_firm = Counter(name.firm.split()[-1] for name in names if name.firm)
    last_of_person = Counter(name.family.split()[-1] for name in names if name.family)
    telling = {word for word, firms in last_of_firm.items() if firms >= SEVERAL_FIRMS and firms > last_of_person[word]}
    return [
        NameParts(firm=" ".join(filter(None, (name.given, name.middle, name.family))))
        if name.family and name.family.split()[-1] in telling
        else name
        for name in names
    ]


def _place(texts: _Texts) -> tuple[Column | None, Column | None, Column | None]:
    street = texts.joined("street_number", "street", "unit")
    found = {
        "street": [derived(street, comparable.street)] if street else [],
        "postal_code": [column] if (column := texts.formed("postal_code", comparable.postal_code)) else [],
        "city": [column] if (column := texts.formed("city", comparable.words)) else [],
    }
    address = texts.joined("address")
    if address:
        lines = [comparable.address(value) for value in address.values]
        for at, name in enumerate(found):
            found[name].append(recoded(address.codes, [line[at] for line in lines]))
    street, postal_code, city = (_first_of(columns) for columns in found.values())
    return street, postal_code, city


def _births(texts: _Texts) -> Ints:
    births = np.stack([texts.numbers(role) for role in ("birth_year", "birth_month", "birth_day")])
    column = texts.joined("date_of_birth")
    if column:
        # 03/04/1980 is read as the other dates of the column tell.
        signs = sum(map(comparable.starts_with_day, column.values))
        read = [comparable.birth(value, is_day_first=signs >= 0) for value in column.values]
        parts = np.array([*read, comparable.Birth()], dtype=np.int64)[column.codes].T
        births = np.where(births == 0, parts, births)
    return births


def _first_of(columns: Sequence[Column], *, join: bool = False) -> Column | None:
    """The first value that a record has, or all of them joined."""
    if len(columns) < 2:
        return columns[0] if columns else None
    texts = [
        pa.array(column.values, pa.string()).take(pa.array(column.codes, mask=column.codes < 0)) for column in columns
    ]
    return encoded(_joined(texts) if join else pc.coalesce(*texts))


def _joined(texts: Sequence[pa.Array]) -> pa.Array:
    # null_handling="skip" of pyarrow 26 leaves out the rows that are null throughout.
    return pc.binary_join_element_wise(*texts, " ", null_handling="replace", null_replacement="")


def _text(values: pa.ChunkedArray | pa.Array) -> pa.Array:
    if isinstance(values, pa.ChunkedArray):
        values = values.combine_chunks()
    text = values if values.type == pa.string() else values.cast(pa.string())
    trimmed = pc.utf8_trim_whitespace(text)
    return pc.if_else(pc.equal(trimmed, ""), pa.scalar(None, pa.string()), trimmed)


def encoded(values: pa.ChunkedArray | pa.Array) -> Column:
    """Code a column of texts, trimmed; empty ones are missing."""
    encoded = _text(values).dictionary_encode()
    return Column(codes=codes_of(encoded), values=encoded.dictionary.to_pylist())
