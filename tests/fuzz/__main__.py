"""Fuzz all targets, or those that are named, each for its share of the time.

What was found is in .cache/fuzz/<target>/findings. Put a finding into tests/fuzz/regressions/<target>/ under a name
that says what it is: from then on every test run replays it.
"""

from __future__ import annotations

import argparse
import importlib.util
import re
import subprocess
import sys
from pathlib import Path

from tests.fuzz.replay import inputs_of
from tests.fuzz.targets import TARGETS

_CACHE = Path(__file__).parents[2] / ".cache" / "fuzz"
#: An input that takes longer, in seconds and MiB, is a finding.
_OPTIONS = ("-timeout=10", "-rss_limit_mb=2048", "-max_len=65536", "-print_final_stats=1")


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("targets", nargs="*", metavar="TARGET", help=f"of {', '.join(TARGETS)}; by default all")
    parser.add_argument("--seconds", type=int, default=60, help="for all targets together")
    asked = parser.parse_args()
    if unknown := set(asked.targets) - TARGETS.keys():
        parser.error(f"there is no target {', '.join(sorted(unknown))}")
    if importlib.util.find_spec("atheris") is None:
        parser.error("atheris is missing: it comes for Linux on x86-64 with Python 3.11 to 3.13")
    names = asked.targets or list(TARGETS)
    return max([_fuzz(name, max(1, asked.seconds // len(names))) for name in names])


def _fuzz(target: str, seconds: int) -> int:
    """Prints a line about the target; the exit code of its engine."""
    folder = _CACHE / target
    for part in ("corpus", "seeds", "findings"):
        (folder / part).mkdir(parents=True, exist_ok=True)
    for number, data in enumerate(inputs_of(target)):
        (folder / "seeds" / f"{number:04d}").write_bytes(data)
    log = folder / "log"
    with log.open("w") as file:
        engine = [sys.executable, "-m", "tests.fuzz.engine", target, f"-max_total_time={seconds}", *_OPTIONS]
        places = [f"-artifact_prefix={folder}/findings/", str(folder / "corpus"), str(folder / "seeds")]
        code = subprocess.run([*engine, *places], stdout=file, stderr=file, check=False).returncode
    print(_summary(target, log.read_text(errors="replace"), code))
    return int(code != 0)


def _summary(target: str, log: str, code: int) -> str:
    runs = re.findall(r"^stat::number_of_executed_units:\s+(\d+)", log, re.MULTILINE) or ["?"]
    edges = re.findall(r"\bcov: (\d+)", log) or ["?"]
    found = "nothing found" if code == 0 else f"a FINDING: see .cache/fuzz/{target}/log"
    return f"{target:14} {runs[-1]:>9} inputs  {edges[-1]:>6} edges  {found}"


if __name__ == "__main__":
    sys.exit(main())
