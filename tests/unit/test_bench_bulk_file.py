"""The benchmark itself: small, so that it is known to work."""

from __future__ import annotations

from pathlib import Path

from bench.bulk_file import measure


def test_a_killed_ingestion_ends_with_exact_figures(tmp_path: Path) -> None:
    figures = measure(tmp_path, size=400_000, kills=1, seed=1, local=True)

    assert figures["exact"]
    assert figures["delivered"] >= figures["good"]
    assert (figures["booked"], figures["booked_total"]) == (figures["distinct"], figures["total"])
