"""`python -m ops schemas`, in this process."""

from __future__ import annotations

from typing import Any

from typer.testing import CliRunner, Result

from ops.__main__ import app


def schemas(*args: Any, text: str | bytes = b"") -> Result:
    return CliRunner().invoke(app, ["schemas", *map(str, args)], input=text)


def validated(text: str | bytes, *args: Any) -> Result:
    return schemas("validate", "-", *args, text=text)
