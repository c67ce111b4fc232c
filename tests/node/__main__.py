"""`python -m tests.node`: install ahead of time what tests run on Node, for where the network will not be there."""

from __future__ import annotations

import sys

from local.embedded.paths import PROJECT
from tests.browser.chromium import FOLDER as BROWSER
from tests.node.packages import JUDGES, InstallationFailed, installed


def main() -> int:
    for folder in (JUDGES, BROWSER):
        try:
            home = installed(folder)
        except InstallationFailed as error:
            print(error, file=sys.stderr)
            return 1
        print(f"{folder.relative_to(PROJECT)}: {home}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
