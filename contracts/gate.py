"""The gate: may this catalog be deployed beside what was released before it?

Each version of each type is compared with its last release, or with all of them where its mode is transitive, in the
directions that the mode names, and in every schema language. Rules decide; beside them instances are tried, and where
an instance proves the rules wrong the gate is shut.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from contracts.causes import causes
from contracts.comparison import Comparison, comparisons, is_weaker
from contracts.languages import Language
from contracts.releases import Catalog, Release, Released
from contracts.verdicts import HurtBy, Verdict, new_version, old_data, old_readers, shown
from events.catalog import Payload
from events.versions import Active, Deprecated, Lifecycle, Retired


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """`verdicts` are in the order of type, version and path; `notes` say what the proof could not confirm."""

    verdicts: tuple[Verdict, ...]
    notes: tuple[str, ...]
    compared: int

    @property
    def passes(self) -> bool:
        return not any(verdict.fails for verdict in self.verdicts)


def judge(catalog: Catalog, released: Released, *, languages: Sequence[Language], hurt_by: HurtBy) -> Judgement:
    """`hurt_by` is only asked where there is somebody to name."""
    verdicts = [*_gone(catalog, released), *_skipped(catalog, released)]
    notes: list[str] = []
    compared = 0
    for key, model in catalog.items():
        history = released.get(key, ())
        pairs = list(comparisons(model, history, languages)) if history else []
        compared += len(pairs)
        notes += [_unwitnessed(model, pair) for pair in pairs if pair.is_unwitnessed]
        verdicts += [
            *causes(model, history, pairs, hurt_by),
            *(_missed(model, pair) for pair in pairs if pair.is_missed),
            *_weakened(model, history),
            *_hastened(model, history),
        ]
    return Judgement(verdicts=tuple(sorted(verdicts, key=_place)), notes=tuple(notes), compared=compared)


def _place(verdict: Verdict) -> tuple[str, int, str]:
    return verdict.type, verdict.version, verdict.path


def _gone(catalog: Catalog, released: Released) -> Iterator[Verdict]:
    for (type_, version), history in released.items():
        if (type_, version) not in catalog and not isinstance(history[-1].lifecycle, Retired):
            yield Verdict(
                type=type_,
                version=version,
                rule="VERSION_REMOVED",
                change="is gone from the catalog without having been released as retired",
                directions=("backward", "forward"),
                hurts="old readers and old data: nobody can read what is still in queues and in the archive",
                advice="put its model back, deprecate it, and retire it when its sunset has come",
                release=str(history[-1]),
            )


def _skipped(catalog: Catalog, released: Released) -> Iterator[Verdict]:
    known = catalog.keys() | released.keys()
    for type_, version in sorted(catalog):
        if version > 1 and (type_, version - 1) not in known:
            yield Verdict(
                type=type_,
                version=version,
                rule="VERSION_SKIPPED",
                change=f"comes without a v{version - 1} before it",
                advice=f"number it v{1 + max((v for t, v in known if t == type_ and v < version), default=0)}",
            )


def _weakened(model: type[Payload], history: Sequence[Release]) -> Iterator[Verdict]:
    """For people to know: it is nobody's fault, but less is promised."""
    if history and is_weaker(model.compatibility, history[-1].compatibility):
        mode, before = model.compatibility, history[-1].compatibility
        yield Verdict(
            type=model.type,
            version=model.version,
            rule="MODE_WEAKENED",
            change=f"promises {mode}, less than the released {before}; both are asked for until this is released",
            advice=f"keep {before}, or tell those who read it before you release the weaker mode by itself",
            release=str(history[-1]),
            fails=False,
        )


def _hastened(model: type[Payload], history: Sequence[Release]) -> Iterator[Verdict]:
    """Who reads or sends a version was told until when, and has until then."""
    promised = history[-1].lifecycle if history else Retired(on=date.min)
    if isinstance(promised, Retired):
        return
    end = _end_of(model.lifecycle)
    if isinstance(promised, Active) and isinstance(model.lifecycle, Retired):
        change, advice = "is retired without having been deprecated", "release it as Deprecated first, with a sunset"
    elif isinstance(promised, Deprecated) and end is not None and end < promised.sunset:
        change, advice = f"ends on {end}, before the promised {promised.sunset}", f"keep it until {promised.sunset}"
    else:
        return
    yield Verdict(
        type=model.type,
        version=model.version,
        rule="ENDS_EARLY",
        change=change,
        directions=("backward", "forward"),
        hurts="producers and consumers that count on it until then",
        advice=advice,
        releases=(history[-1].revision,),
        release=str(history[-1]),
    )


def _end_of(lifecycle: Lifecycle) -> date | None:
    match lifecycle:
        case Deprecated(sunset=day) | Retired(on=day):
            return day
        case _:
            return None


def _missed(model: type[Payload], pair: Comparison) -> Verdict:
    hurts = old_data(model) if pair.direction == "backward" else old_readers(model, "")
    return Verdict(
        type=model.type,
        version=model.version,
        rule="RULES_DISPROVED",
        change=f"the {pair.language.name} rules find nothing, but this cannot be read: {shown(pair.counterexample)}",
        directions=(pair.direction,),
        hurts=hurts,
        advice=f"correct contracts/compatibility, with this pair as a test, or {new_version(model.type)}",
        releases=(pair.release.revision,),
        release=str(pair.release),
    )


def _unwitnessed(model: type[Payload], pair: Comparison) -> str:
    rules = ", ".join(sorted({finding.rule for finding in pair.findings if finding.certain}))
    return f"{model.type} v{model.version}: no document was found that breaks what the rules refuse ({rules}; {pair})"
