"""One topology's measurements on an embedded stack of its own: changed, broken, repaired."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from bench.breaking import Breaking, Broken, shown_sooner
from bench.broken_billing import KINDS, Deployment, Kind
from bench.copied import Copy, Say, copied_project
from bench.redeploying import Redeployed, redeployed
from contracts.company import SERVICES
from infra.config import stage_named
from local.embedded.assembly import STAGE, TOPOLOGY
from local.embedded.cloud import Cloud
from local.embedded.deploy import deploy
from local.embedded.emulator_env import emulator_python
from local.embedded.hops import Watcher
from local.embedded.ministack import running_ministack
from local.embedded.stack import Stack
from runtime.topology import topology


@dataclass(frozen=True, slots=True, kw_only=True)
class OnTheStack:
    """`broken` by the kind of broken code."""

    redeployed: Redeployed
    broken: Mapping[Kind, Broken]


def on_the_stack(grouping: str, variables: Mapping[str, str], *, now: datetime, say: Say) -> OnTheStack:
    """Raises what a deployment may raise, NotAllDone, Outdated and DeadlinePassed."""
    knobs = {**variables, TOPOLOGY: grouping}
    with copied_project() as copy, running_ministack(emulator_python(say)) as url:
        stack = _deployed(copy, Cloud(url), knobs, grouping, say)
        changed = redeployed(copy, stack.cloud, knobs, say)
        with Watcher(stack, on_hop=lambda _: None, since=time.time_ns() // 1_000_000) as watcher:
            deployment = Deployment(copy=copy, cloud=stack.cloud, variables=knobs, say=say)
            hidden = shown_sooner(stack)
            broken = {kind: Breaking(stack, watcher, now, kind, hidden).measured(deployment) for kind in KINDS}
    return OnTheStack(redeployed=changed, broken=broken)


def _deployed(copy: Copy, cloud: Cloud, variables: Mapping[str, str], grouping: str, say: Say) -> Stack:
    """With a sender that SES takes mail from."""
    deployed = deploy(cloud, copy.stacks(variables, say), say)
    cloud.client("ses").verify_email_identity(EmailAddress=stage_named(STAGE).sender_address)
    return Stack(cloud, deployed, is_ours=True, topology=topology(grouping, SERVICES))
