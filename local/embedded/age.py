"""How long this process has been there: what it took to start is part of what somebody waited for."""

from __future__ import annotations

import os
import time
from pathlib import Path

#: Of /proc/<pid>/stat, counted from behind the name, which may hold spaces: starttime, in ticks since boot.
_STARTED = 19


def process_age() -> float:
    """Seconds; 0 where the machine does not tell."""
    try:
        started = int(Path("/proc/self/stat").read_text().rpartition(")")[2].split()[_STARTED])
        return time.clock_gettime(time.CLOCK_BOOTTIME) - started / os.sysconf("SC_CLK_TCK")
    except (OSError, AttributeError):
        return 0.0
