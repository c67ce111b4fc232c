"""The console as it is started beside a stack: a process of its own, and pages that know the stack."""

from __future__ import annotations

import http.cookiejar
import re
import urllib.request

from local.embedded.console import running_console
from local.embedded.stack import CONSUMERS, Stack


def test_the_console_of_a_stack_shows_it_to_whoever_has_the_address(
    stack: Stack, clean_environ: dict[str, str]
) -> None:
    said: list[str] = []
    browser = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar()))

    with running_console(stack.cloud, clean_environ, said.append) as address:
        assert said == []
        home = address.partition("/?")[0]
        pages = [
            browser.open(url, timeout=60).read().decode() for url in (address, f"{home}/letters", f"{home}/metrics")
        ]

    queues = dict.fromkeys(re.findall(r'data-queue="([a-z-]+)"', pages[0]))
    assert set(queues) == {consumer.name for consumer in CONSUMERS}
    assert "Not all of it is deployed" not in pages[0]
    assert "<h1>Dead letters</h1>" in pages[1]
    assert "<h1>Metrics</h1>" in pages[2]
