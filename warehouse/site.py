"""The documentation site: one page with every table, column, test and question, and the lineage from source to mart.

Belongs here: having dbt write it from the models. Does not belong here: what it says (``models``, ``queries``).
"""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

import yaml

from warehouse.dbt_process import PROJECT, DbtStopped, invoke, make_empty_home
from warehouse.questions import questions

_OF_THE_PROJECT = ("dbt_project.yml", "profiles.yml", "models", "macros", "tests")


class SiteTrouble(RuntimeError):
    """dbt could not write the site. The message says what it said."""


def write_site(folder: Path) -> Path:
    """Write the site into a folder, as one file that needs no server and no network; the file.

    It is made of declarations alone, so no home is read: dbt works on an empty warehouse in a place of its own.
    Raises SiteTrouble when dbt fails; a former site stays.
    """
    with tempfile.TemporaryDirectory() as place:
        home, project = Path(place) / "home", Path(place) / "project"
        home.mkdir()
        make_empty_home(home)
        project.mkdir()
        for name in _OF_THE_PROJECT:
            copy = shutil.copytree if (PROJECT / name).is_dir() else shutil.copyfile
            copy(PROJECT / name, project / name)
        models = {path.stem for path in (project / "models").glob("*/*.sql")}
        (project / "models" / "exposures.yml").write_text(yaml.safe_dump(_exposures(models)), encoding="utf-8")
        written = home / "dbt" / "target" / "static_index.html"
        try:
            invoke(home, ["docs", "generate", "--static", "--empty-catalog"], project=project)
        except DbtStopped as stopped:
            raise SiteTrouble(f"dbt could not write the site: {stopped}") from stopped
        if not written.is_file():
            log = home / "dbt" / "logs" / "dbt.log"
            lines = log.read_text(encoding="utf-8").splitlines()[-10:] if log.is_file() else []
            raise SiteTrouble(f"dbt could not write the site: {' '.join(lines)}")
        folder.mkdir(parents=True, exist_ok=True)
        fresh = folder / ".index.html"
        shutil.copyfile(written, fresh)
    target = folder / "index.html"
    os.replace(fresh, target)  # noqa: PTH105  the atomic step, named as the system call it is
    return target


def _exposures(models: set[str]) -> dict[str, object]:
    """Every question as an exposure, so that the lineage goes on to who reads a table."""
    return {
        "version": 2,
        "exposures": [
            {
                "name": question.name,
                "label": f"c360 ask {question.name}",
                "type": "analysis",
                "owner": {"name": "analysts"},
                "description": question.question,
                "depends_on": [f"ref('{name}')" for name in sorted(_names(question.tables) & models)],
            }
            for question in questions().values()
        ],
    }


def _names(tables: tuple[str, ...]) -> set[str]:
    return {table.rpartition(".")[2] for table in tables}
