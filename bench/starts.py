"""Cold starts: each function of ours as it is deployed, and a plain Powertools consumer, taken in turns.

A start is a process of its own that has loaded nothing (bench/start_once.py). `ready` is what Lambda's init phase does:
the module imported, its clients made. `first` goes on until the first record is handled, so that what was put off is in
it, too. AWS answers on a loopback port. Times are the process's processor time: the machine has other things to do.

The plain consumer stands there twice. `plain` has bytecode for this Python, as in a virtual environment. `deployed` has
none, as `sam build` lays it into a package: what is read-only on Lambda is compiled again at each cold start.
"""

from __future__ import annotations

import compileall
import json
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass
from datetime import datetime
from importlib.metadata import distribution
from os import devnull
from pathlib import Path
from py_compile import PycInvalidationMode
from statistics import median
from typing import Final
from zipfile import ZipFile

from bench.canned import CannedAws
from bench.cloud import canned_cloud, environment
from bench.loopback import canned_endpoint
from bench.traffic import Invocation, Traffic
from contracts.company import SERVICES
from infra.packaging import REQUIREMENTS, ROOT, package

PLAIN: Final = "plain"
DEPLOYED: Final = "deployed"

_CHILD: Final = ROOT / "bench" / "start_once.py"
_PEER: Final = ROOT / "bench" / "plain_consumer.py"
#: What only notification renders with.
_NOT_THE_PEERS: Final = frozenset(("jinja2", "markupsafe"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Starting:
    """A handler in its folder, and what it is called with first."""

    name: str
    folder: Path
    handler: str
    event: Invocation


@dataclass(frozen=True, slots=True, kw_only=True)
class Took:
    """One start: milliseconds of processor time since the process began, and `wall` ones until it was ready."""

    ready: float
    first: float
    wall: float
    modules: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Start:
    """Medians of one handler's starts. Ratios are medians of the rounds' own, by the peer they are held against."""

    function: str
    modules: int
    ready_ms: float
    first_ms: float
    wall_ms: float
    ready_ratios: Mapping[str, float]
    first_ratios: Mapping[str, float]


class NotStarted(Exception):
    """A process failed, or left its record in the queue; the message is what it said."""


def measure_starts(*, now: datetime, rounds: int, tell: Callable[[str], None] = lambda _: None) -> Sequence[Start]:
    """The peers come last. Raises NotStarted."""
    aws = CannedAws("client")
    with _quiet(), tempfile.TemporaryDirectory() as folder, canned_endpoint(aws) as url:
        canned_cloud(aws)
        with aws.keeping():
            subjects = [*_ours(Path(folder), Traffic(now)), *_peers(Path(folder), Traffic(now))]
        environ = environment() | {"AWS_ENDPOINT_URL": url}
        taken: dict[str, list[Took]] = {subject.name: [] for subject in subjects}
        for number in range(rounds):
            tell(f"round {number + 1} of {rounds}")
            for subject in subjects:
                taken[subject.name].append(start(subject, environ))
        return [_summed(subject.name, taken) for subject in subjects]


@contextmanager
def _quiet() -> Iterator[None]:
    with Path(devnull).open("w") as nowhere, redirect_stdout(nowhere):
        yield


def start(subject: Starting, environ: Mapping[str, str]) -> Took:
    """Raises NotStarted."""
    command = [sys.executable, "-I", "-S", "-B", str(_CHILD), str(subject.folder), subject.handler]
    began = time.monotonic()
    done = subprocess.run(  # noqa: S603 - our own
        command, input=json.dumps(subject.event), env=dict(environ), capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise NotStarted(f"{subject.name}: {done.stderr}")
    told = json.loads(done.stdout.rstrip().rpartition("\n")[2])
    answer = told["answer"] or {}
    if answer.get("batchItemFailures") or answer.get("statusCode", 200) >= 300:  # noqa: PLR2004 - HTTP's successes
        raise NotStarted(f"{subject.name}: {answer}\n{done.stdout}{done.stderr}")
    (ready, steady, modules), (first, _, _) = told["ready"], told["answered"]
    return Took(ready=ready * 1e3, first=first * 1e3, wall=(steady - began) * 1e3, modules=modules)


def _summed(name: str, taken: Mapping[str, Sequence[Took]]) -> Start:
    mine = taken[name]
    return Start(
        function=name,
        modules=mine[0].modules,
        ready_ms=median(took.ready for took in mine),
        first_ms=median(took.first for took in mine),
        wall_ms=median(took.wall for took in mine),
        ready_ratios={peer: _ratio(mine, taken[peer], "ready") for peer in (PLAIN, DEPLOYED)},
        first_ratios={peer: _ratio(mine, taken[peer], "first") for peer in (PLAIN, DEPLOYED)},
    )


def _ratio(mine: Sequence[Took], theirs: Sequence[Took], which: str) -> float:
    return float(median(getattr(m, which) / getattr(t, which) for m, t in zip(mine, theirs, strict=True)))


def _ours(folder: Path, traffic: Traffic) -> Iterator[Starting]:
    events = first_events(traffic)
    for service in SERVICES:
        root = folder / service.name
        with ZipFile(package([service.name], "this-machine").path) as archive:
            archive.extractall(root)
        for function in service.functions:
            if function.name in events:
                event = events[function.name]
                yield Starting(name=function.name, folder=root, handler=function.handler, event=event)


def first_events(traffic: Traffic) -> Mapping[str, Invocation]:
    """Function -> the first that it hears. Files have to be in S3 first: they are left out."""
    return {
        "ingestion": _one(traffic.reports(0)),
        "ingestion-api": traffic.posted(0),
        "billing": _one(traffic.payments(0)),
        "billing-usage": _one(traffic.usage(0)),
        "billing-api": traffic.order(0),
        "billing-accounts": traffic.due(0),
        "billing-close": {},
        "billing-relay": _one(traffic.written(0)),
        "notification": _one(traffic.receipts(0)),
        "notification-contacts": _one(traffic.contacts(0)),
    }


def _one(batch: Invocation) -> Invocation:
    return {"Records": batch["Records"][:1]}


def _peers(folder: Path, traffic: Traffic) -> Iterator[Starting]:
    event = _one(traffic.reports(1))
    for name in (PLAIN, DEPLOYED):
        root = folder / name
        _lay(root, _PEER)
        if name == PLAIN:
            compileall.compile_dir(root, quiet=2, invalidation_mode=PycInvalidationMode.UNCHECKED_HASH, workers=0)
        yield Starting(name=name, folder=root, handler="plain_consumer.lambda_handler", event=event)


def _lay(root: Path, source: Path) -> None:
    """What `sam build` makes of one file and its requirements, from what is installed here."""
    root.mkdir()
    shutil.copy(source, root)
    for name in _pinned():
        found = distribution(name)
        for path in found.files or ():
            if path.suffix != ".pyc" and ".." not in path.parts:
                target = root / path
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(Path(str(found.locate_file(path))), target)


def _pinned() -> Iterable[str]:
    lines = (line.partition("#")[0].strip() for line in REQUIREMENTS.read_text().splitlines())
    names = (line.partition("==")[0] for line in lines if line)
    return [name for name in names if name not in _NOT_THE_PEERS]
