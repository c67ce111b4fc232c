"""Letters in a file: NDJSON, one letter a line, complete; and back from there."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Sequence
from pathlib import Path

from ops.letters.letter import Letter
from ops.letters.packing import line, unpacked
from ops.letters.places import Place
from ops.wrong_use import WrongUse


def export(letters: Iterable[Letter], path: Path) -> int:
    """Write a new file, all of it or none; how many lines it has. It is on the disk when this returns.

    Raises WrongUse for a file that is there already, and OSError.
    """
    if path.exists():
        raise WrongUse(f"{path} exists already: an export overwrites nothing")
    part = path.with_name(f".{path.name}.part")
    count = 0
    with part.open("w", encoding="ascii") as file:
        for letter in letters:
            file.write(f"{line(letter)}\n")
            count += 1
        file.flush()
        os.fsync(file.fileno())
    part.rename(path)
    _sync_folder(path.parent)
    return count


def read(path: Path, known: Sequence[Place]) -> list[Letter]:
    """What `export` wrote. Raises WrongUse that names the line, and OSError."""
    letters = []
    with path.open(encoding="utf-8") as file:
        for number, text in enumerate(file, start=1):
            try:
                letters.append(unpacked(json.loads(text), known))
            except (ValueError, WrongUse) as error:
                raise WrongUse(f"{path}:{number}: {error}") from error
    return letters


def _sync_folder(folder: Path) -> None:
    """So that the name survives, too."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
