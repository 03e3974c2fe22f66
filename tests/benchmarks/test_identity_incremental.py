from __future__ import annotations

import json
from pathlib import Path

import incremental
import pyarrow.parquet as pq
import pytest
from labelled_sets import generated_set
from scoring import score

from pipelines.identity import learned


def test_records_that_come_later_are_matched_by_themselves_and_as_well_as_all_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    # So few records would be matched anew as a whole.
    monkeypatch.setattr(learned, "FEW_RECORDS", 0)
    labelled = generated_set("crm", 1_000, 0.3)
    is_full, f1 = {}, {}
    for step in ("others", "late", "all"):
        incremental._step(step, labelled, 0.05)
        is_full[step] = json.loads(incremental._report(step, labelled).read_text(encoding="utf-8"))["is_full"]
        clusters = pq.read_table(incremental._clusters(step, labelled))
        if step != "others":
            f1[step] = score(pq.read_table(labelled.truth), clusters).f1
    assert is_full == {"others": True, "late": False, "all": True}
    # Of so few pairs one record placed otherwise shows in the third digit.
    assert f1["late"] == pytest.approx(f1["all"], abs=0.01)
    assert f1["all"] > 0.8
