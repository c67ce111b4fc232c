"""Runs in the emulator's own environment: ties the emulator's life to its parent's, then becomes it.

Called as `python -I launcher.py <parent's pid>`.
"""

import ctypes
import os
import runpy
import signal
import sys

_PR_SET_PDEATHSIG = 1


def _die_with_parent(parent: int) -> None:
    """Linux only; elsewhere a killed parent leaves the emulator to its own devices."""
    if sys.platform != "linux":
        return
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:  # it died before we asked
        sys.exit("the parent is gone")


def _name_actions_as_aws_does() -> None:
    """To AWS, sending ten messages at once is sending; the emulator wants a grant of `sqs:SendMessageBatch`.

    Put right before it takes its first request, so that the grant which AWS asks for is the one that is tested.
    """
    from ministack.core import iam_actions  # type: ignore[import-not-found]  # noqa: PLC0415 - its environment, not ours

    action_of = iam_actions.extract_iam_action

    def extract_iam_action(service: str, *request: object) -> str | None:
        action: str | None = action_of(service, *request)
        return action.removesuffix("Batch") if action and service == "sqs" else action

    iam_actions.extract_iam_action = extract_iam_action


if __name__ == "__main__":
    _die_with_parent(int(sys.argv[1]))
    _name_actions_as_aws_does()
    sys.argv = ["ministack"]
    runpy.run_module("ministack", run_name="__main__")
