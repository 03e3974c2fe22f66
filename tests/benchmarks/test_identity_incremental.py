from __future__ import annotations

from pathlib import Path

import incremental
import pyarrow.parquet as pq
import pytest
from labelled_sets import generated_set
from scoring import score


def test_records_that_come_later_end_as_if_they_had_come_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    labelled = generated_set("crm", 400, 0.3)
    found = {}
    for step in ("others", "late", "all"):
        incremental._step(step, labelled, 0.1)
        clusters = pq.read_table(incremental._clusters(step, labelled))
        if step != "others":
            found[step] = score(pq.read_table(labelled.truth), clusters).f1
        else:
            assert 0 < clusters.num_rows < 400
    assert found["late"] == pytest.approx(found["all"], abs=0.001)
    assert found["all"] > 0.8
