"""Small companies from the text of their manifests, so that a problem's line can be looked up."""

from __future__ import annotations

import runpy
from pathlib import Path
from textwrap import dedent, indent

from runtime.manifest import Service

_MANIFEST = """\
from runtime.manifest import Consumer, Function, Service, Subscription, event_types

{consumers}

SERVICE = Service(
    name="{name}",
    emits=({emits}),
    consumers=({names}),
)
"""
_CONSUMER = """\
{name} = Consumer(
    function=Function(name="{lower}", handler="functions.{service}.handler.consume", timeout=3),
    subscriptions=(
        Subscription(
            name="news",
            pattern={pattern},
        ),
    ),
    dedup="state",
)
"""


def service(root: Path, name: str, *, emits: tuple[str, ...] = (), takes: str | None = None) -> Service:
    """`takes` is the text of the pattern of the service's one rule, `<name>-news`."""
    pattern = indent(dedent(takes or "").strip(), " " * 20).strip()
    consumer = _CONSUMER.format(name=name.upper(), lower=name, service=name, pattern=pattern) if takes else ""
    text = _MANIFEST.format(
        consumers=consumer,
        name=name,
        emits="".join(f'\n        "{type_}",' for type_ in emits) + ("\n    " if emits else ""),
        names=f"{name.upper()}," if takes else "",
    )
    path = root / "functions" / name / "manifest.py"
    path.parent.mkdir(parents=True)
    path.write_text(text)
    found = runpy.run_path(str(path))["SERVICE"]
    assert isinstance(found, Service)
    return found


def text_at(root: Path, file: str, line: int) -> str:
    return (root / file).read_text().splitlines()[line - 1].strip()
