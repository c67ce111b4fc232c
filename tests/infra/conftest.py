from __future__ import annotations

import pytest

from infra.cdk_app import build
from tests.infra.templates import STAGES, Assembly


@pytest.fixture(scope="session")
def assemblies(tmp_path_factory):
    """Every stage, synthesised once."""
    made = {stage: Assembly(stage, tmp_path_factory.mktemp(stage)) for stage in STAGES}
    for stage, assembly in made.items():
        build(stage, assembly.path).synth()
    return made


@pytest.fixture(params=STAGES)
def assembly(request, assemblies):
    return assemblies[request.param]
