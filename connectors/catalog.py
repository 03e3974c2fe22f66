"""Every contract that is in force: the ones that ship with the project, or those of the folders given."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from connectors.contract import FeedContract
from connectors.contract_file import ContractError, load_contract
from connectors.declaration_file import Problem
from connectors.mapping import expression_columns

SHIPPED_FOLDER = Path(__file__).parent


def load_catalog(folders: Sequence[Path] = ()) -> dict[str, FeedContract]:
    """Feed name → contract, in order of feed name. `folders` replace the shipped contracts when given.

    Raises:
        ContractError: with every mistake in every file, a folder that is missing or holds no contract included.
    """
    contracts: dict[str, FeedContract] = {}
    files: dict[str, Path] = {}
    problems: list[Problem] = []
    for path in _contract_files(folders or [SHIPPED_FOLDER], problems):
        try:
            contract = load_contract(path)
        except ContractError as error:
            problems += error.problems
            continue
        if contract.feed in files:
            fact = f"'{contract.feed}' is already declared in {files[contract.feed]}. Remove one of the two."
            problems.append(Problem(path, 1, "feed", fact))
            continue
        contracts[contract.feed], files[contract.feed] = contract, path
    for contract in contracts.values():
        problems += [Problem(files[contract.feed], 1, "watch", fact) for fact in _unfit_parents(contract, contracts)]
    if problems:
        raise ContractError(problems)
    return dict(sorted(contracts.items()))


def _unfit_parents(contract: FeedContract, contracts: Mapping[str, FeedContract]) -> Iterator[str]:
    """What keeps parents of the catalog from being looked up; a parent that is not in it is not looked up."""
    for column, name in contract.watch.parents.items():
        if name in contracts and len(contracts[name].canonical.key) > 1:
            key = ", ".join(contracts[name].canonical.key)
            yield f"parents: {column} cannot hold a key of {name}, which has several parts ({key}). Remove it."
    watch = contract.watch
    asked = [(f"followed_when.{column}", watch.parents[column], sql) for column, sql in watch.followed_when.items()]
    if pair := watch.totals_with:
        asked.append(("totals_with.parent_total", pair.feed, pair.parent_total))
    for key, name, expression in asked:
        if (parent := contracts.get(name)) is None:
            continue
        unknown = [column for column in expression_columns(expression) if column not in parent.canonical.columns]
        if unknown:
            yield f"{key}: {', '.join(unknown)} is no column of entity {parent.entity}. Correct the expression."


def _contract_files(folders: Iterable[Path], problems: list[Problem]) -> list[Path]:
    files: list[Path] = []
    for folder in folders:
        found = sorted(path for path in folder.glob("*/*.yml") if path.parent.name != "entities")
        if not found:
            fact = "holds no contract. Contracts lie in FOLDER/<system>/<name>.yml; check the path."
            problems.append(Problem(folder, 1, "folder", fact))
        files += found
    return files
