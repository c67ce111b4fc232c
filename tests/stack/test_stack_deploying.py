"""Deploying again changes what has changed and nothing else; functions start before anybody calls them."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from bench.killer import workers
from local.embedded.assembly import Stack as Template
from local.embedded.assembly import assembly, stacks_in
from local.embedded.deploy import deploy
from local.embedded.polling import wait_until
from local.embedded.stack import Stack, deploy_stack, endpoint

pytestmark = pytest.mark.xdist_group("deploying")  # on a stack of its own, whose functions nobody calls
_ACCOUNTS = "billing-accounts"


@pytest.fixture(scope="module")
def untouched(clean_environ: dict[str, str]) -> Iterator[Stack]:
    with endpoint(clean_environ, print) as (cloud, is_ours):
        yield deploy_stack(cloud, clean_environ, print, is_ours=is_ours)


@pytest.fixture(scope="module")
def templates(clean_environ: dict[str, str]) -> list[Template]:
    return stacks_in(assembly(print, clean_environ))


@pytest.fixture
def changed_back(untouched: Stack, templates: list[Template]) -> Iterator[None]:
    """Whatever a test has deployed, the next one finds what all of them were given."""
    yield
    deploy(untouched.cloud, templates, print)


def revisions(stack: Stack) -> dict[str, str]:
    return {name: str(stack.configuration(name)["RevisionId"]) for name in (_ACCOUNTS, "billing", "notification")}


@pytest.mark.skipif(sys.platform != "linux", reason="it looks into /proc")
def test_every_function_has_a_process_with_shared_code_when_nobody_has_called_it(untouched: Stack) -> None:
    names = {untouched.function_name(name) for name in untouched.log_groups}

    wait_until(lambda: {w.function for w in workers()} >= names, what="every function has a process", timeout=120)

    code = {Path(f"/proc/{worker.pid}/cwd").resolve().parent.name for worker in workers()}
    assert code == {"code"}


def test_nothing_is_changed_when_it_is_deployed_again(untouched: Stack, templates: list[Template]) -> None:
    before, said = revisions(untouched), list[str]()

    deploy(untouched.cloud, templates, said.append)

    assert [text.partition(": ")[2] for text in said] == ["unchanged"] * len(templates)
    assert revisions(untouched) == before


def test_a_stack_whose_template_has_changed_is_deployed_and_no_other(
    untouched: Stack, templates: list[Template], tmp_path: Path, changed_back: None
) -> None:
    before, said = revisions(untouched), list[str]()
    changed = tmp_path / "changed.json"
    (billing,) = (template for template in templates if template.name.endswith("Billing"))
    text = billing.template.read_text()
    changed.write_text(text.replace('"Timeout": 60', '"Timeout": 59'))
    assert changed.read_text() != text

    deploy(untouched.cloud, [replace(t, template=changed) if t is billing else t for t in templates], said.append)

    assert {text for text in said if "unchanged" not in text} == {f"stack {billing.name}: updated"}
    assert untouched.configuration(_ACCOUNTS)["Timeout"] == 59
    after = revisions(untouched)
    assert {name for name in before if after[name] != before[name]} == {_ACCOUNTS}
