"""Billing as somebody broke it, and as somebody repaired it again: one edit of the copy, there and back."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Final, Literal

from bench.copied import Copy, Say
from local.embedded.cloud import Cloud
from local.embedded.deploy import deploy

Kind = Literal["raises", "kills its process"]

#: All of billing's handlers import it.
_FILE: Final = "functions/billing/wiring.py"
_WHERE: Final = "ENVIRONMENT: Final[Mapping[str, str]] = os.environ"
#: What each kind of broken code does as it is imported.
KINDS: Final[Mapping[Kind, str]] = {
    "raises": 'raise RuntimeError("billing is broken")',
    "kills its process": "os._exit(1)",  # as running out of memory does
}


@dataclass(frozen=True, kw_only=True)
class Deployment:
    """The copy, and where it is deployed."""

    copy: Copy
    cloud: Cloud
    variables: Mapping[str, str]
    say: Say = field(repr=False)

    def deploy(self) -> None:
        """As the copy is now. Raises DeploymentFailed and SynthesisFailed."""
        deploy(self.cloud, self.copy.stacks(self.variables, self.say), self.say)

    @contextmanager
    def broken(self, kind: Kind) -> Iterator[None]:
        """In the block, every function of billing does that as it is imported. Repaired after it."""
        broken = f"{KINDS[kind]}\n{_WHERE}"
        self.copy.edit(_FILE, _WHERE, broken)
        self.deploy()
        try:
            yield
        finally:
            self.copy.edit(_FILE, broken, _WHERE)
            self.deploy()
