from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from rapidfuzz.distance import OSA, JaroWinkler

from pipelines.identity.matching.evidence import Values
from pipelines.identity.matching.spelling import Spellings

# Few letters, so that many pairs are alike; some of several bytes, two of them with a byte in common.
WORDS = st.text(alphabet="abcmnoé漢ж ", min_size=1, max_size=9)
# Words a slip or two apart.
NEIGHBOURS = st.tuples(WORDS, WORDS, st.integers(0, 8)).map(lambda made: made[0][: made[2]] + made[1][-1] + made[0])

# Words that only their beginning makes alike.
BRANCHES = st.sampled_from(["abcm", "abcmx", "abcmxyz", "abcmuvw", "abcuvw", "xyzuvw"])


@given(st.lists(WORDS | NEIGHBOURS | BRANCHES, min_size=2, max_size=12))
def test_no_pair_that_jaro_winkler_calls_alike_is_left_out(words: list[str]) -> None:
    one, other = (index.ravel() for index in np.indices((len(words), len(words))))
    found = Spellings(Values(values=words), one, other).similarity
    expected = [JaroWinkler.similarity(words[at], words[to]) for at, to in zip(one, other, strict=True)]
    np.testing.assert_allclose(found, [value if value >= 0.8 else 0 for value in expected], rtol=1e-6)


@given(st.lists(st.text(alphabet="abcm7 ", min_size=1, max_size=6), min_size=2, max_size=12))
def test_up_to_two_slips_are_counted_and_more_are_three(words: list[str]) -> None:
    one, other = (index.ravel() for index in np.indices((len(words), len(words))))
    found = Spellings(Values(values=words), one, other).slips
    assert list(found) == [min(OSA.distance(words[at], words[to]), 3) for at, to in zip(one, other, strict=True)]


def test_values_without_letters_in_common_are_not_alike() -> None:
    pairs = Spellings(Values(values=["anna", "tim", "annab"]), np.array([0, 0]), np.array([1, 2]))
    # anna in annab: four letters match in order, (4/4 + 4/5 + 1) / 3 = .9333; four letters begin both: + .4 * .0667.
    np.testing.assert_allclose(pairs.similarity, [0, 0.96], atol=1e-6)
