"""The project in a folder of its own, for commands that edit it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
_LEFT_OUT = shutil.ignore_patterns(".*", "__pycache__", "node_modules", "cdk.out*")


class CopiedTree:
    def __init__(self, folder: Path) -> None:
        self.root = folder / "project"
        shutil.copytree(ROOT, self.root, ignore=_LEFT_OUT)

    def run(self, *module_and_args: str) -> subprocess.CompletedProcess[str]:
        """`python -m …` in the copy."""
        environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
        command = [sys.executable, "-m", *module_and_args]
        return subprocess.run(
            command, cwd=self.root, env=environment, capture_output=True, text=True, encoding="utf-8", check=False
        )

    def schemas(self, *args: Any) -> subprocess.CompletedProcess[str]:
        return self.run("ops", "schemas", *map(str, args))

    def read(self, path: str) -> str:
        return (self.root / path).read_text(encoding="utf-8")

    def edit(self, path: str, before: str, after: str) -> None:
        text = self.read(path)
        assert before in text
        (self.root / path).write_text(text.replace(before, after), encoding="utf-8")
