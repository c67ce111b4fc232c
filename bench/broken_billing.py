"""Billing as somebody broke it, and as somebody repaired it again: one edit of the copy, there and back."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

from bench.copied import Copy, Say
from local.embedded.cloud import Cloud
from local.embedded.deploy import deploy

#: All of billing's handlers import it.
_FILE = "functions/billing/wiring.py"
_WHERE = "ENVIRONMENT: Final[Mapping[str, str]] = os.environ"
_BROKEN = f'raise RuntimeError("billing is broken")\n{_WHERE}'


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
    def broken(self) -> Iterator[None]:
        """In the block, every function of billing raises as it is imported. Repaired after it."""
        self.copy.edit(_FILE, _WHERE, _BROKEN)
        self.deploy()
        try:
            yield
        finally:
            self.copy.edit(_FILE, _BROKEN, _WHERE)
            self.deploy()
