"""`python -m infra.check`: every stage synthesises, and cdk-nag and cfn-lint find nothing in it. Exits 0 or 1."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from aws_cdk import App
from cdk_nag import AwsSolutionsChecks
from cfnlint.api import lint_file  # type: ignore[import-untyped]

from infra.cdk_app import build
from infra.config import STAGES
from infra.packaging import ROOT
from runtime.topology import MONOLITH
from runtime.topology import SERVICES as APART

_OUT: Final = ROOT / ".cache" / "synth"
#: Stage and topology. `localstack` is the embedded stage with other wheels.
_CHECKED: Final = (*((stage, APART) for stage in STAGES if stage != "localstack"), ("prod", MONOLITH))
#: cdk-nag judges what goes to AWS; the embedded stage leaves the doors of a laptop open on purpose.
_JUDGED: Final = frozenset(("dev", "prod"))


def main() -> int:
    problems = [problem for stage, grouping in _CHECKED for problem in _check(stage, grouping)]
    for problem in problems:
        print(f"  {problem}")  # noqa: T201
    print(f"infra: {len(problems)} problem(s) in {len(_CHECKED)} assemblies")  # noqa: T201
    return 1 if problems else 0


def _check(stage: str, grouping: str) -> Iterator[str]:
    outdir = _OUT / f"{stage}-{grouping}"
    app = build(stage, outdir, grouping)
    app.synth()
    templates = sorted(outdir.glob("*.template.json"))
    judges = "cdk-nag and cfn-lint" if stage in _JUDGED else "cfn-lint"
    print(f"infra: {stage}, {grouping}: {len(templates)} stacks, {judges}")  # noqa: T201
    if stage in _JUDGED:
        yield from nag_findings(app)
    for template in templates:
        yield from lint_findings(template)


def nag_findings(app: App) -> Iterator[str]:
    """What cdk-nag's AwsSolutions pack says, one line for each resource at fault."""
    for violation in AwsSolutionsChecks(app).validate_scope(app).violations:
        for resource in violation.violating_resources:
            yield f"{violation.rule_name} {resource.construct_path}: {violation.description}"


def lint_findings(template: Path) -> Iterator[str]:
    """What cfn-lint says of one template, by the rules of `.cfnlintrc`."""
    for match in lint_file(template):
        yield f"{template.parent.name}/{template.name}: {match}"


if __name__ == "__main__":
    sys.exit(main())
