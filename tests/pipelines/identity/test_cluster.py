"""The constrained union-find, on numbers alone."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from pipelines.identity.cluster import Clustering, Link, cluster
from pipelines.identity.names import Name

NAMES = {1: Name("john", "smith", None), 2: Name("jane", "smith", None), 3: Name("j", "smith", None)}


def run(links: list[Link], names: list[int], dates: list[str | None] | None = None, **more: object) -> Clustering:
    size = len(names)
    return cluster(
        size, links, names=names, name_of=NAMES, birth_dates=dates or [None] * size, parties=["person"] * size, **more  # type: ignore[arg-type]
    )  # fmt: skip


def test_the_weaker_of_two_contradicting_links_is_refused() -> None:
    # j smith fits both; the stronger link comes first and wins.
    result = run([Link(0, 2), Link(1, 2)], [1, 2, 3])
    assert result.roots == [0, 1, 0]
    assert result.guarded == {1: "names_differ"}
    assert result.spanning == [0]


def test_two_misspellings_share_a_cluster_with_the_right_spelling() -> None:
    names = {1: Name("remi", "roux", None), 2: Name("rmi", "roux", None), 3: Name("reim", "roux", None)}
    links = [Link(0, 1), Link(0, 2)]
    none = [None] * 3
    held = cluster(3, links, names=[1, 2, 3], name_of=names, birth_dates=none, parties=["person"] * 3)
    assert held.roots == [0, 0, 0]


def test_birth_dates_may_not_meet_through_a_third_record() -> None:
    result = run([Link(0, 1), Link(1, 2)], [0, 0, 0], ["19800517", None, "19511102"])
    assert result.roots == [0, 0, 2]
    assert result.guarded == {1: "birth_dates_differ"}


def test_records_judged_apart_never_meet_through_others() -> None:
    result = run([Link(0, 1), Link(2, 3), Link(1, 2)], [1, 1, 1, 1], apart=[(0, 3)])
    assert result.roots == [0, 0, 2, 2]
    assert result.guarded == {2: "judged_apart"}


def test_a_decreed_link_passes_the_name_guard() -> None:
    assert run([Link(0, 1, is_decreed=True)], [1, 2]).roots == [0, 0]


@given(
    st.lists(st.tuples(st.integers(0, 7), st.integers(0, 7)), max_size=20),
    st.lists(st.sampled_from([0, 1, 2, 3]), min_size=8, max_size=8),
)
def test_no_cluster_ever_holds_two_clearly_different_names(pairs: list[tuple[int, int]], names: list[int]) -> None:
    roots = run([Link(*pair) for pair in pairs], names).roots
    for root in set(roots):
        held = {names[i] for i in range(8) if roots[i] == root}
        assert not {1, 2} <= held
        assert min(i for i in range(8) if roots[i] == root) == root
