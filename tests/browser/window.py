"""A browser window that hears what a page complains of, and what its colours are."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from tests.browser.chromium import NoBrowser, chromium

DESKTOP = {"width": 1280, "height": 900}
PHONE = {"width": 360, "height": 740}


@contextmanager
def opened_browser() -> Iterator[Browser]:
    """A headless Chromium. Skips the test where there is none for this machine."""
    try:
        found = chromium()
    except NoBrowser as reason:
        pytest.skip(str(reason))
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(
            executable_path=found.executable, args=list(found.flags), env=dict(found.environment)
        )
        yield opened
        opened.close()


class Window:
    """A page; `complaints` is what it wrote to the console, and what it asked of anybody but `home`."""

    def __init__(self, page: Page, *, home: str) -> None:
        self.page = page
        self.home = home
        self.complaints: list[str] = []
        page.on("console", lambda message: self.complaints.append(message.text))
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("request", lambda request: self._asked(request.url))

    def _asked(self, url: str) -> None:
        if not url.startswith((self.home, "data:")):
            self.complaints.append(url)


@contextmanager
def window(browser: Browser, *, home: str, **options: Any) -> Iterator[Window]:
    """No window may end with a complaint."""
    context = browser.new_context(**{"viewport": DESKTOP, **options})
    opened = Window(context.new_page(), home=home)
    yield opened
    context.close()
    assert opened.complaints == [], opened.complaints


def colour(page: Page, name: str) -> tuple[float, ...]:
    text = page.evaluate(f"getComputedStyle(document.documentElement).getPropertyValue('--{name}').trim()")
    digits = text.removeprefix("#")
    digits = "".join(2 * digit for digit in digits) if len(digits) == 3 else digits
    return tuple(int(digits[at : at + 2], 16) / 255 for at in (0, 2, 4))


def contrast(one: tuple[float, ...], other: tuple[float, ...]) -> float:
    lighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def luminance(rgb: tuple[float, ...]) -> float:
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in rgb]
    return sum(weight * value for weight, value in zip((0.2126, 0.7152, 0.0722), linear, strict=True))
