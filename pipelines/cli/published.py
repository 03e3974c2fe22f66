"""Which published file a command reads: the masked one unless it is asked for in full."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from pipelines.settings import Home
from pipelines.trouble import NothingThere
from warehouse.connection import WarehouseAbsent

FullOption = Annotated[
    bool, typer.Option("--full", help="With names, addresses and what was said: for those who may see them.")
]


@contextmanager
def published_file(home: Home, *, is_full: bool) -> Iterator[Path]:
    """The file to read. Raises NothingThere when whoever reads it finds that nothing is published yet."""
    published = home.published if is_full else home.masked
    try:
        yield published
    except WarehouseAbsent:
        raise NothingThere(published, "nothing is published yet") from None
