"""This repository against what is deployed: what is new, what is the same, and what would break what is live."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

from fastavro.schema import to_parsing_canonical_form

from contracts.compatibility.verdict import Mode, Schema
from contracts.languages import Findings
from runtime.contract import Contract

Key = tuple[str, int]
Versions = tuple[int, ...]


class State(StrEnum):
    """`BREAKS` is what a deploy is refused for."""

    SAME = "same"
    ONLY_HERE = "only here"
    ONLY_THERE = "only there"
    OLDER = "older here"
    NEWER = "newer here"
    CHANGED = "changed"
    BREAKS = "BREAKS"


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One line: what is different about `subject`, and what to do about it (nothing, when `to_do` is empty)."""

    subject: str
    state: State
    what: str
    to_do: str = ""

    @property
    def breaks(self) -> bool:
        return self.state is State.BREAKS

    def __str__(self) -> str:
        return f"{self.subject}: {self.state}: {self.what}" + (f". {self.to_do}" if self.to_do else "")


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveSchema:
    """One type and version as Glue has it: its accepted versions by Glue's numbers, oldest first."""

    mode: Mode
    versions: Mapping[int, Schema]


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalSchema:
    """One type and version as this repository has it."""

    mode: Mode
    avro: Schema


def schema_differences(
    here: Mapping[Key, LocalSchema], there: Mapping[Key, LiveSchema], rules: Findings
) -> Iterator[Difference]:
    """One line for each schema, by the mode that this repository gives it."""
    for key in sorted({*here, *there}):
        local, live = here.get(key), there.get(key)
        if local and live:
            yield _compared(_name(*key), local, live, rules)
        elif local:
            yield Difference(
                subject=_name(*key), state=State.ONLY_HERE, what="is not registered yet", to_do="A deploy registers it"
            )
        else:
            yield Difference(
                subject=_name(*key),
                state=State.ONLY_THERE,
                what="is registered, and was never released here",
                to_do="Is this repository older than what is deployed?",
            )


def _name(type_: str, version: int) -> str:
    return f"{type_} v{version}"


def _compared(name: str, local: LocalSchema, live: LiveSchema, rules: Findings) -> Difference:
    reasons = list(_reasons(local, live, rules))
    if reasons:
        to_do = f"Take the change back, or make it a new version beside this one ({local.mode})"
        return Difference(subject=name, state=State.BREAKS, what="; ".join(reasons), to_do=to_do)
    return _harmless(name, local, live)


def _harmless(name: str, local: LocalSchema, live: LiveSchema) -> Difference:
    numbers = [n for n, schema in live.versions.items() if _canonical(schema) == _canonical(local.avro)]
    newest = max(live.versions, default=0)
    if not numbers:
        what, to_do = f"compatible with what is there ({local.mode})", "A deploy of its release registers it"
        return Difference(subject=name, state=State.NEWER, what=what, to_do=to_do)
    if newest not in numbers:
        what = f"as version {numbers[-1]} there, where {newest} is the newest and compatible"
        return Difference(subject=name, state=State.OLDER, what=what)
    if local.mode is not live.mode:
        what = f"as version {newest} there, where the mode is {live.mode} and not {local.mode}"
        return Difference(subject=name, state=State.CHANGED, what=what, to_do="A deploy of its release sets it")
    return Difference(subject=name, state=State.SAME, what=f"as version {newest} there")


def _reasons(local: LocalSchema, live: LiveSchema, rules: Findings) -> Iterator[str]:
    numbers = sorted(live.versions)
    for number in numbers if local.mode.is_transitive else numbers[-1:]:
        there = live.versions[number]
        for direction in local.mode.directions:
            if direction == "backward":
                found, who = rules(writer=there, reader=local.avro), f"cannot read version {number} there"
            else:
                found, who = rules(writer=local.avro, reader=there), f"cannot be read by version {number} there"
            for finding in found:
                yield f"{who}: {finding.path or 'the payload'}: {finding.change} ({finding.rule})"


def _canonical(schema: Schema) -> str:
    return to_parsing_canonical_form(schema)


@dataclass(frozen=True, slots=True, kw_only=True)
class Landscape:
    """Who sends and reads what: by this repository, and as deployed. `deploying` are the services about to be."""

    here: Mapping[str, Contract]
    there: Mapping[str, Contract]
    deploying: Collection[str]

    def others(self, name: str) -> Iterator[tuple[str, Contract]]:
        """The deployed services but one."""
        return ((other, contract) for other, contract in sorted(self.there.items()) if other != name)

    def will_read(self, service: str, type_: str) -> Versions:
        """What a service reads of a type once it, too, is deployed."""
        return self.here[service].reads.get(type_, ()) if service in self.here else ()

    def will_send(self, service: str, type_: str) -> Versions:
        return self.here[service].emits.get(type_, ()) if service in self.here else ()

    def did_send(self, service: str, type_: str) -> Versions:
        return self.there[service].emits.get(type_, ()) if service in self.there else ()

    def others_send(self, name: str, type_: str) -> bool:
        return any(type_ in contract.emits for _, contract in self.others(name))


def service_differences(services: Landscape) -> Iterator[Difference]:
    """What each deploy would do to the *deployed* others, and they to it: they are replaced later, or not at all.

    An event travels in all the versions that its sender sends, and a reader applies one that it knows: so a sender
    and a reader need one version in common (events.versions).
    """
    for name in sorted(services.deploying):
        lines = [*_to_consumers(services, name), *_from_producers(services, name)]
        yield from lines or [_as_it_is(services, name)]


def _as_it_is(services: Landscape, name: str) -> Difference:
    here, there = services.here[name], services.there.get(name)
    if there is None:
        return Difference(subject=name, state=State.ONLY_HERE, what="was never deployed")
    if here == there:
        return Difference(subject=name, state=State.SAME, what="sends and reads what it does there")
    return Difference(subject=name, state=State.CHANGED, what="every deployed service can live with it")


def _to_consumers(services: Landscape, name: str) -> Iterator[Difference]:
    for other, theirs in services.others(name):
        for type_, read in theirs.reads.items():
            sent = services.will_send(name, type_)
            if sent and set(sent).isdisjoint(read):
                yield _unreadable(services, name, other, type_)
            elif sent:
                yield from _changed(services, name, other, type_)
            elif services.did_send(name, type_) and not services.others_send(name, type_):
                what = f"would no longer send {type_}; the deployed {other} waits for it"
                to_do = f"Deploy {other} without it first, or keep sending it"
                yield Difference(subject=name, state=State.BREAKS, what=what, to_do=to_do)


def _unreadable(services: Landscape, name: str, other: str, type_: str) -> Difference:
    sent, read = services.will_send(name, type_), services.there[other].reads[type_]
    soon = not set(sent).isdisjoint(services.will_read(other, type_))
    return Difference(
        subject=name,
        state=State.BREAKS,
        what=f"would send {type_} {_list(sent)} only; the deployed {other} reads {_list(read)} only",
        to_do=f"Deploy {other} first" if soon else f"Have {other} read it and deploy that first",
    )


def _changed(services: Landscape, name: str, other: str, type_: str) -> Iterator[Difference]:
    """Nothing breaks: there is another version that is sent and read."""
    sent, read = services.will_send(name, type_), services.there[other].reads[type_]
    took = _list(tuple(version for version in read if version in sent))
    unread = tuple(version for version in sent if version not in read)
    if unread:
        what = f"sends {type_} {_list(unread)}; the deployed {other} does not read it, and takes {took}"
        yield Difference(subject=name, state=State.CHANGED, what=what)
    before = services.did_send(name, type_)
    lost = tuple(version for version in before if version in read and version not in sent)
    if lost:
        what = f"would no longer send {type_} {_list(lost)}; the deployed {other} reads it, and takes {took}"
        yield Difference(subject=name, state=State.CHANGED, what=what)


def _from_producers(services: Landscape, name: str) -> Iterator[Difference]:
    for other, theirs in services.others(name):
        for type_, sent in theirs.emits.items():
            read = services.will_read(name, type_)
            if read and set(sent).isdisjoint(read):
                soon = not set(read).isdisjoint(services.will_send(other, type_))
                yield Difference(
                    subject=name,
                    state=State.BREAKS,
                    what=f"would read {type_} {_list(read)} only; the deployed {other} sends {_list(sent)} only",
                    to_do=f"Deploy {other} first, and let what is under way arrive"
                    if soon
                    else "Keep reading what is sent",
                )


def _list(versions: Versions) -> str:
    return ", ".join(f"v{version}" for version in versions)
