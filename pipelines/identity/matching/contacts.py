"""E-mail addresses and telephone numbers by the column, since there are about as many as records.

What `comparable.email` and `comparable.phone` say of one text, in steps of Arrow where the text is plain; other texts
are left to those functions.
"""

from __future__ import annotations

from collections.abc import Callable

import pyarrow as pa
import pyarrow.compute as pc

from pipelines.identity.matching import comparable
from pipelines.identity.matching.comparable import COUNTED_UP, FEWEST_PHONE_DIGITS, GMAIL, PHONE_DIGITS
from pipelines.identity.vocabulary import load

# One mailbox and one domain, nothing after a plus.
PLAIN_EMAIL = r"^[A-Za-z0-9._-]+@[A-Za-z0-9.-]+$"
# Without letters there is no extension.
PLAIN_PHONE = r"^[0-9 ()+./-]*$"
NOT_DIGITS = r"[^0-9]+"
ONE_DIGIT = "^(" + "|".join(f"{digit}+" for digit in range(10)) + ")$"


def emails(texts: pa.Array) -> pa.Array:
    """`comparable.email` of each text."""
    return _formed(texts, PLAIN_EMAIL, _plain_emails, comparable.email)


def phones(texts: pa.Array) -> pa.Array:
    """`comparable.phone` of each text."""
    return _formed(texts, PLAIN_PHONE, _plain_phones, comparable.phone)


def mailboxes(emails: pa.Array) -> pa.Array:
    """What stands before the first @ of each comparable address."""
    return pc.list_element(pc.split_pattern(emails, "@", max_splits=1), 0)


def domains(emails: pa.Array) -> pa.Array:
    """What stands behind the last @ of each comparable address."""
    return pc.list_element(pc.split_pattern(emails, "@", max_splits=1, reverse=True), 1)


def _formed(
    texts: pa.Array, plain: str, form_all: Callable[[pa.Array], pa.Array], form: Callable[[str], str | None]
) -> pa.Array:
    is_plain = pc.match_substring_regex(texts, plain)
    is_other = pc.invert(is_plain)
    others = pa.array([form(text) for text in texts.filter(is_other).to_pylist()], pa.string())
    formed = pc.replace_with_mask(texts, is_plain, form_all(texts.filter(is_plain)))
    return pc.replace_with_mask(formed, is_other, others)


def _plain_emails(texts: pa.Array) -> pa.Array:
    lower = pc.ascii_lower(texts)
    mailbox, domain = mailboxes(lower), domains(lower)
    vocabulary = load()
    nobody = pc.or_(_is_in(mailbox, vocabulary.placeholder_mailboxes), _is_in(domain, vocabulary.placeholder_domains))
    without_dots = pc.binary_join_element_wise(pc.replace_substring(mailbox, ".", ""), "gmail.com", "@")
    return pc.if_else(nobody, None, pc.if_else(_is_in(domain, GMAIL), without_dots, lower))


def _plain_phones(texts: pa.Array) -> pa.Array:
    digits = pc.ascii_ltrim(pc.replace_substring_regex(texts, NOT_DIGITS, ""), "0")
    too_short = pc.less(pc.binary_length(digits), FEWEST_PHONE_DIGITS)
    made_up = pc.or_(_is_in(digits, COUNTED_UP), pc.match_substring_regex(digits, ONE_DIGIT))
    return pc.if_else(pc.or_(too_short, made_up), None, pc.utf8_slice_codeunits(digits, -PHONE_DIGITS))


def _is_in(texts: pa.Array, words: frozenset[str]) -> pa.Array:
    return pc.is_in(texts, pa.array(sorted(words), texts.type))
