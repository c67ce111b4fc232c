from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import pytest

from contracts.compatibility.verdict import Mode
from contracts.releases import InvalidRelease, due, history, released
from events.versions import Active, Deprecated, Retired
from tests.unit.contract_builders import LANGUAGES, OPTIONAL_TEXT, RELEASED, TYPE, a_model, releases_of

FIRST = a_model(order_id=str)
SECOND = a_model(order_id=str, note=OPTIONAL_TEXT)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two releases of v1, one of v2."""
    for release in releases_of(FIRST, SECOND) + releases_of(a_model(version=2, order_id=int)):
        path = tmp_path / release.path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(release.to_document()))
    return tmp_path


def edit(path: Path, **changes) -> None:
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


def test_releases_are_read_as_they_were_written_oldest_first(folder: Path) -> None:
    assert history(TYPE, 1, folder=folder) == releases_of(FIRST, SECOND)
    assert released(folder).keys() == {(TYPE, 1), (TYPE, 2)}


def test_the_tenth_comes_after_the_ninth(folder: Path) -> None:
    models = [a_model(**{f"field_{n}": OPTIONAL_TEXT}) for n in range(10)]
    for release in releases_of(*models):
        (folder / release.path).write_text(json.dumps(release.to_document()))

    assert [release.revision for release in history(TYPE, 1, folder=folder)] == list(range(1, 11))


def test_what_was_never_released_has_no_history(folder: Path) -> None:
    assert history("shop.order.lost", 1, folder=folder) == []
    assert released(folder / "nowhere") == {}


def test_a_gap_is_named(folder: Path) -> None:
    (folder / TYPE / "v1" / "1.json").unlink()

    with pytest.raises(InvalidRelease, match=r"v1/1\.json is missing: restore it"):
        history(TYPE, 1, folder=folder)


@pytest.mark.parametrize("changes", [{"released": "2026-11-26"}, {"json_schema": {}}, {"compatibility": "NONE"}])
def test_a_release_that_was_edited_by_hand_is_refused(folder: Path, changes: dict) -> None:
    edit(folder / TYPE / "v1" / "2.json", **changes)

    with pytest.raises(InvalidRelease, match=r"v1/2\.json was changed after its release: restore it"):
        released(folder)


def test_a_release_that_was_copied_to_another_place_is_refused(folder: Path) -> None:
    (folder / TYPE / "v1" / "3.json").write_bytes((folder / TYPE / "v1" / "1.json").read_bytes())

    with pytest.raises(InvalidRelease, match=r"3\.json was changed"):
        history(TYPE, 1, folder=folder)


@pytest.mark.parametrize("text", ["", "[]", "{}", "<<<<<<< HEAD", '{"sha256": "x", "released": 1}'])
def test_an_unreadable_release_is_refused(folder: Path, text: str) -> None:
    (folder / TYPE / "v1" / "2.json").write_text(text)

    with pytest.raises(InvalidRelease, match=r"2\.json cannot be read"):
        history(TYPE, 1, folder=folder)


@pytest.mark.parametrize("name", ["v1/two.json", "v1/0.json", "v1/01.json", "v1/3.json~", "one/1.json"])
def test_a_file_that_is_no_release_is_refused(folder: Path, name: str) -> None:
    path = folder / TYPE / name
    path.parent.mkdir(exist_ok=True)
    path.write_text("{}")

    with pytest.raises(InvalidRelease, match="is no release"):
        released(folder)


def test_what_says_something_new_is_due_and_nothing_else(folder: Path) -> None:
    third = a_model(order_id=str, note=OPTIONAL_TEXT, more=OPTIONAL_TEXT)
    weaker = a_model(mode=Mode.BACKWARD, order_id=str, note=OPTIONAL_TEXT)
    new = a_model(type_="shop.order.lost", order_id=str)
    on = date(2027, 1, 1)

    def revisions(*models) -> list[tuple[str, int]]:
        catalog = {(model.type, model.version): model for model in models}
        return [(r.type, r.revision) for r in due(catalog, released(folder), LANGUAGES, on=on)]

    assert revisions(SECOND) == []
    assert revisions(third, new) == [(TYPE, 3), ("shop.order.lost", 1)]
    assert revisions(weaker) == [(TYPE, 3)]


@pytest.mark.parametrize(
    "lifecycle",
    [
        Active(),
        Deprecated(since=RELEASED, sunset=date(2027, 11, 27)),
        Retired(on=RELEASED),
        Retired(on=RELEASED, sunset=date(2027, 11, 27)),
    ],
)
def test_what_becomes_of_a_version_is_released_too(tmp_path: Path, lifecycle) -> None:
    [first, second] = releases_of(a_model(order_id=str), a_model(lifecycle=lifecycle, note=OPTIONAL_TEXT))
    for release in (first, second):
        (tmp_path / release.path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / release.path).write_text(json.dumps(release.to_document()))

    assert history(TYPE, 1, folder=tmp_path) == [first, second]
    assert type(history(TYPE, 1, folder=tmp_path)[1].lifecycle) is type(lifecycle)  # as tuples, some are equal


def test_a_release_says_when_it_was_made() -> None:
    [release] = releases_of(FIRST)

    assert release.released == RELEASED
    assert str(release) == "release 1 of 2026-11-27"
