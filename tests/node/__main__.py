"""`python -m tests.node`: install ahead of time what tests run on Node, for where the network will not be there."""

from __future__ import annotations

import sys

from tests.browser.chromium import NoBrowser, chromium
from tests.node.packages import JUDGES, InstallationFailed, installed


def main() -> int:
    try:
        print(f"AsyncAPI's parser and TypeScript: {installed(JUDGES)}")
        print(f"Chromium: {chromium().executable}")
    except InstallationFailed as error:
        print(error, file=sys.stderr)
        return 1
    except NoBrowser as reason:
        print(reason)  # the tests that need one are skipped, with these words
    return 0


if __name__ == "__main__":
    sys.exit(main())
