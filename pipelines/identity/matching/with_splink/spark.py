"""A Spark session that knows Splink's functions, and keeps its words to itself.

Which Spark it is follows from Spark's own configuration (spark-defaults.conf, spark-submit); where there is none, it is
this machine.
"""

from __future__ import annotations

import os
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, Any

from pipelines.identity.matching.roles import WrongInput

STDERR = 2


@contextmanager
def spark_session() -> Iterator[Any]:
    """Open a session and stop it in the end.

    Raises WrongInput with the last words of Spark where it does not start, and for a cluster without a folder of its
    own for what is kept between steps.
    """
    from pyspark.errors import PySparkRuntimeError
    from pyspark.sql import SparkSession
    from splink.backends.spark import similarity_jar_location

    builder = SparkSession.builder.appName("c360 resolve").config("spark.jars", similarity_jar_location())
    builder = builder.config("spark.ui.enabled", "false").config("spark.ui.showConsoleProgress", "false")
    with (
        tempfile.TemporaryDirectory() as folder,
        tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace") as words,
        warnings.catch_warnings(),
    ):
        # Of versions of pandas, which is not used.
        warnings.simplefilter("ignore", FutureWarning)
        try:
            with _stderr_in(words):
                session = builder.getOrCreate()
        except PySparkRuntimeError as error:
            words.seek(0)
            said = [line.strip() for line in words if line.strip()] or [str(error)]
            raise WrongInput(
                f"Spark does not start: {said[-1].rstrip('.')}. It needs Java 17 or later on the PATH."
            ) from None
        try:
            context = session.sparkContext
            if context.master.startswith("local"):
                context.setCheckpointDir(folder)
                # Spark's 200 are meant for a cluster.
                session.conf.set("spark.sql.shuffle.partitions", context.defaultParallelism)
            elif not context.getCheckpointDir():
                raise WrongInput(
                    f"Spark at {context.master} has no spark.checkpoint.dir, where Splink keeps results between steps. "
                    "Name a folder there that all its machines can write."
                )
            yield session
        finally:
            session.stop()


@contextmanager
def _stderr_in(words: IO[str]) -> Iterator[None]:
    """Whatever is started meanwhile writes its standard error to `words` for good, as Java does from its first line."""
    terminal = os.dup(STDERR)
    os.dup2(words.fileno(), STDERR)
    try:
        yield
    finally:
        os.dup2(terminal, STDERR)
        os.close(terminal)
