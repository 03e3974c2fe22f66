"""Telephone numbers: one of its own for every person, written the way people of the country write it."""

import re

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from sample_company.columns import Ints, digits, pick
from sample_company.places import COUNTRIES, COUNTRY_CODES, gazetteer

# A prime that divides no size of a number range: stepping by it visits every number once before repeating.
_STRIDE = 7_368_787


def _scattered(pieces: list[tuple[Ints, pa.Array]], size: int) -> pa.Array:
    order = np.concatenate([rows for rows, _ in pieces]) if pieces else np.zeros(0, np.int64)
    back = np.empty(size, dtype=np.int64)
    back[order] = np.arange(size)
    return pa.concat_arrays([values.cast(pa.string()) for _, values in pieces] or [pa.array([], pa.string())]).take(
        pa.array(back)
    )


def mobiles(country: Ints, serial: Ints) -> pa.Array:
    """National mobile numbers without the leading zero; two serials of one country never share a number."""
    pieces = []
    for code, name in enumerate(COUNTRY_CODES):
        rows = np.flatnonzero(country == code)
        starts = COUNTRIES[name].mobile_starts
        width = COUNTRIES[name].mobile_digits - len(starts[0])
        position = (serial[rows] * _STRIDE + 12_345) % (len(starts) * 10**width)
        numbers = pc.binary_join_element_wise(
            pick(starts, position // 10**width), digits(position % 10**width, width), ""
        )
        pieces.append((rows, numbers))
    return _scattered(pieces, len(country))


def landlines(country: Ints, postal: Ints, serial: Ints) -> pa.Array:
    """National landline numbers in the area code of the postal code's town."""
    area = gazetteer().area_code.take(pa.array(postal))
    pieces = []
    for code, name in enumerate(COUNTRY_CODES):
        rows = np.flatnonzero(country == code)
        own_area = area.take(pa.array(rows))
        width = COUNTRIES[name].landline_digits - int(pc.min(pc.utf8_length(own_area)).as_py() or 2)
        # Subscriber numbers start with 2 or 3: safe in each of the five countries.
        body = digits(2 * 10 ** (width - 1) + (serial[rows] * _STRIDE) % (2 * 10 ** (width - 1)))
        joined = pc.binary_join_element_wise(own_area, body, "")
        pieces.append((rows, pc.utf8_slice_codeunits(joined, 0, COUNTRIES[name].landline_digits)))
    return _scattered(pieces, len(country))


def written_numbers(national: pa.Array, country: Ints, style: Ints) -> pa.Array:
    """National numbers in one of the country's four ways of writing; missing numbers stay missing."""
    pieces = []
    for code, name in enumerate(COUNTRY_CODES):
        for number, pattern in enumerate(COUNTRIES[name].formats):
            rows = np.flatnonzero((country == code) & (style == number))
            own = national.take(pa.array(rows))
            parts: list[pa.Array | pa.Scalar] = []
            for text, start, stop in re.findall(r"([^{}]+)|\{(\d+):(\d*)\}", pattern):
                if text:
                    parts.append(pa.scalar(text))
                else:
                    parts.append(pc.utf8_slice_codeunits(own, int(start), int(stop) if stop else None))
            pieces.append((rows, pc.binary_join_element_wise(*parts, pa.scalar(""), null_handling="emit_null")))
    return _scattered(pieces, len(country))
