"""`python -m ops deploy`: `cdk deploy`, once it is known that it breaks nothing that is live."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass, replace
from os import environ  # noqa: TID251 - the composition root
from typing import Annotated, Final, Self

import typer

from contracts.company import SERVICES
from contracts.deployed import CannotAsk
from contracts.languages import LANGUAGES
from contracts.live import State
from contracts.releases import InvalidRelease, due, released
from events.catalog import CATALOG
from infra.config import DEFAULT_STAGE, StageConfig, stage_named
from ops import derived
from ops.aws import Aws, EndpointUrl, Profile, Region, Stage
from ops.schemas import check
from ops.schemas.live import Report, report
from ops.whom import explained
from ops.wrong_use import WrongUse
from runtime.clock import SystemClock
from runtime.topology import SERVICES as APART
from runtime.topology import InvalidTopology, topology

#: Stack -> the service in it.
_SERVICES: Final = {service.name.capitalize(): service.name for service in SERVICES}
#: Of npm; the tag `latest` is another.
INSTALL: Final = "npm install -g aws-cdk@2.1148.1"
#: The registry there has what this repository does not know.
_AHEAD: Final = (State.OLDER, State.ONLY_THERE)
_REGISTRY: Final = "Contracts"
_STACKS: Final = ("Bus", _REGISTRY, *_SERVICES)


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What to deploy (no stacks: all of them), and how."""

    stacks: tuple[str, ...]
    stage: StageConfig
    grouping: str
    exclusively: bool
    yes: bool
    profile: str | None
    cdk_arguments: tuple[str, ...]

    @classmethod
    def parse(
        cls,
        words: Sequence[str],
        *,
        stage: str,
        exclusively: bool,
        yes: bool,
        profile: str | None,
        grouping: str = APART,
    ) -> Self:
        """`words` are stacks up to the first that starts with a dash: from there on they are for cdk.

        Raises WrongUse, UnknownStage and InvalidTopology.
        """
        known = (*_STACKS, *(group.stack for group in topology(grouping, SERVICES).groups))
        cut = next((i for i, word in enumerate(words) if word.startswith("-")), len(words))
        unknown = [word for word in words[:cut] if word not in known]
        if unknown:
            raise WrongUse(f"there is no stack {', '.join(unknown)}; known: {', '.join(known)}")
        return cls(
            stacks=tuple(words[:cut]),
            stage=stage_named(stage),
            grouping=grouping,
            exclusively=exclusively,
            yes=yes,
            profile=profile,
            cdk_arguments=tuple(words[cut:]),
        )

    @property
    def services(self) -> frozenset[str]:
        """Those whose code goes out: a service's in its own stack, or in its group's."""
        groups = topology(self.grouping, SERVICES).groups
        grouped = {s.name for group in groups if group.stack in self.stacks for s in group.services}
        return frozenset({_SERVICES[stack] for stack in self.stacks or _STACKS if stack in _SERVICES} | grouped)

    def without_registry(self) -> Self:
        """The same without the registry, also where a stack would bring it along. Raises WrongUse if that is all."""
        groups = tuple(group.stack for group in topology(self.grouping, SERVICES).groups)
        stacks = tuple(stack for stack in self.stacks or (*_STACKS, *groups) if stack != _REGISTRY)
        if not stacks:
            raise WrongUse(f"there is nothing to deploy in {_REGISTRY}")
        bus = () if self.exclusively or "Bus" in stacks else ("Bus",)
        return replace(self, stacks=(*bus, *stacks), exclusively=True)

    def command(self, cdk: str) -> list[str]:
        return [
            *(cdk, "deploy", *(self.stacks or ("--all",)), "-c", f"stage={self.stage.name}"),
            *(() if self.grouping == APART else ("-c", f"topology={self.grouping}")),
            *(("--exclusively",) if self.exclusively else ()),
            *(("--require-approval", "never") if self.yes else ()),
            *(("--profile", self.profile) if self.profile else ()),
            *self.cdk_arguments,
        ]


def deploy(  # noqa: PLR0913, PLR0917 - an option each
    words: Annotated[list[str] | None, typer.Argument(metavar="[STACK]… [-- CDK ARGUMENTS…]")] = None,
    stage: Stage = DEFAULT_STAGE,
    grouping: Annotated[
        str, typer.Option("--topology", help="Which services share a function: services, monolith, or such as a+b,c.")
    ] = APART,
    exclusively: Annotated[bool, typer.Option("--exclusively", help="Without the stacks that these wait for.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask before grants change.")] = False,
    skip_live: Annotated[
        bool, typer.Option("--skip-live", help="Do not compare with what is deployed: nobody else checks then.")
    ] = False,
    endpoint_url: EndpointUrl = None,
    profile: Profile = None,
    region: Region = None,
) -> None:
    """Deploy stacks (all, when none is named) with cdk, unless that would break something that is live.

    Exits with cdk's code; with 1, before anything is synthesised, when something would break; with 2 when the
    command makes no sense, the stage cannot be asked, or there is no cdk.
    """
    with explained(InvalidTopology):
        request = Request.parse(
            words or (), stage=stage, exclusively=exclusively, yes=yes, profile=profile, grouping=grouping
        )
        cdk = _cdk()
        refused = _tell(offline_refusals())
        if not skip_live:
            found = _live(request, Aws(endpoint_url=endpoint_url, profile=profile, region=region))
            refused |= _tell([str(difference) for difference in found.breaks])
            request = _onward(request, found)
    if refused:
        typer.echo("nothing was deployed", err=True)
        raise typer.Exit(1)
    raise typer.Exit(_run(request.command(cdk), AWS_REGION=region, AWS_ENDPOINT_URL=endpoint_url))


def _tell(refusals: Sequence[str]) -> bool:
    """Whether there are any."""
    for refusal in refusals:
        typer.echo(refusal, err=True)
    return bool(refusals)


def _run(command: Sequence[str], **settings: str | None) -> int:
    """The command's exit code, with what is set here in its environment."""
    said = {name: value for name, value in settings.items() if value}
    return subprocess.run(command, cwd=derived.ROOT, env={**environ, **said}, check=False).returncode  # noqa: S603


def _cdk() -> str:
    found = shutil.which("cdk")
    if found is None:
        raise WrongUse(f"there is no cdk on the PATH: {INSTALL}")
    return found


def offline_refusals() -> list[str]:
    """What the repository itself says against a deploy: the gate's answer, and what was not released yet.

    AWS is told of releases, so what is not one could not be registered before it is sent.
    """
    try:
        found = check.report()
        if not found.passes:
            return list(found.lines())
        new = due(CATALOG, released(), LANGUAGES, on=SystemClock().now().date())
    except InvalidRelease as error:
        return [str(error)]
    names = ", ".join(f"{release.type} v{release.version}" for release in new)
    return [f"not released yet: {names}. Run `python -m ops schemas release` and commit what it writes"] if new else []


def _live(request: Request, aws: Aws) -> Report:
    """Raises CannotAsk, with the way around it."""
    try:
        found = report(request.stage, aws, request.services)
    except CannotAsk as error:
        raise CannotAsk(f"{error}\n(--skip-live deploys without the comparison)") from error
    for note in found.notes:
        typer.echo(note)
    return found


def _onward(request: Request, found: Report) -> Request:
    """A registry is never deployed backwards. It has all that an older repository needs.

    CloudFormation would forget the later versions and leave them there, and fail on them when they come again.
    """
    ahead = [difference.subject for difference in found.differences if difference.state in _AHEAD]
    if not ahead:
        return request
    typer.echo(f"{', '.join(ahead)}: the registry is ahead of this repository; {_REGISTRY} stays as it is")
    return request.without_registry()
