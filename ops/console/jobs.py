"""Work that takes longer than a page: started by one, followed by any, and ended in an orderly way with the console."""

from __future__ import annotations

import asyncio
import threading
import traceback
from collections import OrderedDict
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final, Literal

from contracts.deployed import CannotAsk
from ops.wrong_use import WrongUse
from runtime.errors import BreakwaterError

Standing = Literal["running", "done", "incomplete", "failed", "stopped"]
_KEPT: Final = 50
_SECONDS: Final = 10.0
_POLL: Final = 0.2


class JobStopped(BaseException):
    """Somebody asked it to end: what it holds is given back on the way out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """`sentence` says how far it is, or how it ended; `details` what else there is to know or to do."""

    standing: Standing = "running"
    sentence: str = ""
    details: tuple[str, ...] = ()
    done: int = 0
    planned: int = 0
    operation: str = ""

    @property
    def is_over(self) -> bool:
        return self.standing != "running"


#: What a job calls to say how far it is. Raises JobStopped when it should end.
Tell = Callable[[Progress], None]
#: What a job does; what it returns is how it ended.
Work = Callable[[Tell], Progress]


@dataclass(eq=False)
class Job:
    """`back` is where its letters are: the page to go to afterwards."""

    id: str
    title: str
    back: str
    started_at: datetime
    progress: Progress = field(default_factory=Progress)
    _stop: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None

    def start(self, work: Work) -> None:
        self._thread = threading.Thread(target=self._run, args=(work,), name=f"job {self.id}", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._stop.set()

    def join(self, seconds: float) -> None:
        if self._thread is not None:
            self._thread.join(seconds)

    async def news(self) -> AsyncIterator[Progress]:
        """The progress whenever it is another, until it is over."""
        told: Progress | None = None
        while told is None or not told.is_over:
            if self.progress != told:
                told = self.progress
                yield told
            else:
                await asyncio.sleep(_POLL)

    def _run(self, work: Work) -> None:
        try:
            self.progress = work(self._tell)
        except JobStopped:
            self._end("stopped", "Stopped. What was not sent is where it was.")
        except (CannotAsk, WrongUse, BreakwaterError) as error:
            self._end("failed", str(error))
        except Exception as error:  # noqa: BLE001 - a thread has nobody else to tell
            traceback.print_exc()
            self._end("failed", f"{type(error).__name__}: {error}")

    def _end(self, standing: Standing, sentence: str) -> None:
        self.progress = replace(self.progress, standing=standing, sentence=sentence)

    def _tell(self, progress: Progress) -> None:
        self.progress = progress
        if self._stop.is_set():
            raise JobStopped


class Jobs:
    """Those of this console. The latest are kept to be looked at."""

    def __init__(self, *, new_id: Callable[[], str], now: Callable[[], datetime]) -> None:
        self._new_id = new_id
        self._now = now
        self._jobs: OrderedDict[str, Job] = OrderedDict()

    def start(self, title: str, work: Work, *, back: str) -> Job:
        job = Job(id=self._new_id(), title=title, back=back, started_at=self._now())
        self._jobs[job.id] = job
        while len(self._jobs) > _KEPT:
            self._jobs.popitem(last=False)
        job.start(work)
        return job

    def get(self, job_id: str) -> Job | None:
        return self._jobs.get(job_id)

    def end_all(self) -> None:
        """Has all of them end, and waits for it a while: their letters are given back."""
        for job in tuple(self._jobs.values()):
            job.stop()
        for job in tuple(self._jobs.values()):
            job.join(_SECONDS)
