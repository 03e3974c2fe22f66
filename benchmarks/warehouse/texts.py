"""What people write down about contacts: most is said again and again, some of it names numbers and is said once."""

from __future__ import annotations

from warehouse.cast_sql import literal

# {n} is a number of the row. One text in five is a word to be kept, as promises and instructions are.
_TEXTS = (
    "Asked about opening hours on Saturday.",
    "Price of the garden hose, sent the list.",
    "Parcel {n} has not come yet. We will call back tomorrow.",
    "Happy with the delivery! Thanked us for the quick answer.",
    "Wants to know when order {n} will be shipped?",
    "Do not cash check {n}, please. Payment is stopped.",
    "Daughter starts school in September, asked for lunch boxes.",
    "Invoice {n} was sent twice; promised to check it and reply by Friday.",
    "Complained that the box was damaged. Refund requested for order {n}.",
    "No answer, left a message.",
    "Moved to another town, gave the new address.",
    "Please do not send any more advertising.",
    "Spoke of the new shop in the next street: cheaper, but the staff is not as friendly.",
    "Called because of number {n}. Everything is in order.",
    "Wrote that the torch works well; asked for batteries.",
)


def summaries(row: str) -> str:
    """SQL of the text of a row, whose number is in column ``row``."""
    texts = ", ".join(literal(text) for text in _TEXTS)
    return f"replace(pick([{texts}], {row}, 'text'), '{{n}}', CAST(100000 + {row} AS VARCHAR))"
