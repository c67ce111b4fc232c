"""One more service, as `examples/loyalty` adds it: it fits the project as it is, and works."""

from __future__ import annotations

from bench.newcomer import newcomer


def test_a_fourth_service_works_after_the_lines_that_are_counted():
    said: list[str] = []

    found = newcomer(said.append)

    assert said
    assert found.lines < 100
    assert set(found.elsewhere) == {
        "events/catalog.py",
        "contracts/company.py",
        "infra/cdk_app.py",
        "local/memory/company.py",
    }
