"""`c360 customer --why`: why records are one customer, or two are not."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import duckdb
from rich.markup import escape

from pipelines.cli.console import TROUBLE, WRONG_USE, err, out, print_json
from pipelines.cli.identities import identities
from pipelines.cli.pair import bits_of, evidence_line, judgement_line, print_pair
from pipelines.identity.find import find
from pipelines.identity.matching.clustering import NEVER_COMPARED
from pipelines.identity.pair import Pair, read_records
from pipelines.identity.why import Between, Neighbour, Split, WhyOne, WhyTwo, why_customers, why_one, why_records


def explain(warehouse: Path, named: list[str], *, as_json: bool) -> int:
    """Explain one customer, or two records or customers, named as for `find`."""
    if len(named) > 2:
        err.print("--why explains one customer, or two records or customers.")
        return WRONG_USE
    with identities(warehouse) as connection:
        meant = [_meant(connection, text) for text in named]
        if None in meant:
            return TROUBLE
        (one, one_key), *rest = [found for found in meant if found]
        if not rest:
            found: WhyOne | WhyTwo = why_one(connection, one)
        elif one_key and rest[0][1]:
            if one_key == rest[0][1]:
                err.print("That is the same record twice.")
                return WRONG_USE
            found = why_records(connection, one_key, rest[0][1])
        elif one == rest[0][0]:
            found = why_one(connection, one)
        else:
            found = why_customers(connection, one, rest[0][0])
    if as_json:
        print_json(asdict(found))
    elif isinstance(found, WhyOne):
        _print_one(found)
    else:
        _print_two(found)
    return 0


def _meant(connection: duckdb.DuckDBPyConnection, text: str) -> tuple[str, str | None] | None:
    """The customer that a text means, and the source record if it names one; tells why when it is not one."""
    if record := read_records(connection, [text]):
        return str(record[text]["customer_id"]), text
    found = find(connection, text)
    if len(found) == 1:
        return found[0], None
    if found:
        err.print(f"Several answer to '{escape(text)}': {', '.join(found)}. Name one by its customer id.")
    else:
        err.print(f"Nobody answers to '{escape(text)}'. Try an e-mail address, a customer id or a source record's key.")
    return None


def _print_one(why: WhyOne) -> None:
    out.print(f"[bold]{escape(why.display_name or '(no name known)')}[/bold]  [dim]{why.customer_id}[/dim]")
    for key, words in why.records.items():
        out.print(f"  {escape(key)}  [dim]{escape(words) or 'nothing is written'}[/dim]")
    if why.tree:
        out.print("\n[bold]What holds them together[/bold], the strongest first")
        for pair in why.tree:
            _print_edge(pair)
    else:
        out.print("One record; nothing had to be matched." if len(why.records) == 1 else "No evidence is kept.")
    if why.split:
        _print_split(why.split)
    for judgement in why.judgements:
        out.print(f"[bold]judged[/bold]  {escape(judgement_line(judgement))}")
    out.print("\n[bold]Nearest others, not joined[/bold]")
    for neighbour in why.neighbours:
        _print_neighbour(neighbour)
    if not why.neighbours:
        out.print("  Nobody else looks alike.")


def _print_two(why: WhyTwo) -> None:
    pair = why.pair
    if pair.is_one_customer:
        out.print(f"They are one customer, {pair.left_customer_id}.")
    else:
        out.print(f"They are two customers, {pair.left_customer_id} and {pair.right_customer_id}.")
        if why.between:
            out.print(f"  {_told(why.between)}")
    print_pair(pair)
    if pair.bits is None:
        out.print("[dim]These two were never found alike enough for their evidence to be kept.[/dim]")
    if len(why.chain) > 1:
        out.print("[bold]What joins them[/bold]")
        for step in why.chain:
            _print_edge(step)
    for judgement in why.judgements:
        out.print(f"[bold]judged[/bold]  {escape(judgement_line(judgement))}")


def _print_edge(pair: Pair) -> None:
    by = ", a steward's word" if pair.decided_by == "steward" else ""
    out.print(f"  {escape(pair.left_key)} – {escape(pair.right_key)}  {bits_of(pair)}{by}")
    out.print(f"    [dim]{escape(evidence_line(pair.evidence))}[/dim]")


def _print_split(split: Split) -> None:
    edge = split.edge
    out.print(
        f"\n[bold]Where it would split first[/bold]  {escape(edge.left_key)} – {escape(edge.right_key)}, "
        f"{bits_of(edge)}"
    )
    out.print(f"  {escape(', '.join(split.left))}  [dim]from[/dim]  {escape(', '.join(split.right))}")
    out.print(f"  {_told(split.between)}")
    if split.needed:
        out.print(f"  This pair would speak against it without {escape(evidence_line(split.needed))}.")
    if edge.decided_by == "steward":
        out.print("  A steward joined them; they part when that is taken back.")


def _print_neighbour(neighbour: Neighbour) -> None:
    between = neighbour.between
    out.print(f"  [bold]{escape(neighbour.display_name or '-')}[/bold]  {neighbour.customer_id}  {_told(between)}")
    if between.best:
        against = [one for one in between.best.evidence if one.bits < 0]
        out.print(f"    [dim]most alike: {escape(between.best.left_key)} – {escape(between.best.right_key)}, "
                  f"{bits_of(between.best)}; against: {escape(evidence_line(against))}[/dim]")  # fmt: skip
        if between.best.decided_by == "steward":
            out.print("    A steward's word keeps them apart.")


def _told(between: Between) -> str:
    unkept = between.possible - between.compared
    note = f" ({unkept} not alike enough to keep count {NEVER_COMPARED:+.0f})" if unkept else ""
    return (
        f"{between.average:+.1f} bits on average{note}; {between.speak_for} of {between.possible} pairs between them "
        "speak for one customer"
    )
