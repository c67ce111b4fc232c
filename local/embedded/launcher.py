"""Runs in the emulator's own environment: ties the emulator's life to its parent's, then becomes it.

Called as `python -I launcher.py <parent's pid>`.
"""

import ctypes
import os
import runpy
import signal
import sys
import time
from pathlib import Path
from typing import Any

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


def _fill_batches_as_aws_does() -> None:
    """A mapping waits for as long as its window says until its batch is full, and full may be more than ten.

    The emulator keeps neither, and takes at once what is there.
    """
    from ministack.services import lambda_svc, sqs  # type: ignore[import-not-found]  # noqa: PLC0415 - as above

    def receive(queue_url: str, batch_size: int) -> list[dict[str, Any]]:
        with sqs._queues_lock:  # noqa: SLF001 - as the function that this replaces
            queue = sqs._get_q(queue_url)  # noqa: SLF001
            sqs._expire_retained(queue)  # noqa: SLF001
            sqs._dlq_sweep(queue)  # noqa: SLF001
            mappings = lambda_svc._esms.values()  # noqa: SLF001
            if _is_filling(queue, batch_size, _window(queue, mappings)):
                return []
            timeout = int(queue["attributes"].get("VisibilityTimeout", 30))
            batch: list[dict[str, Any]] = sqs._collect_msgs(queue, batch_size, timeout)  # noqa: SLF001
            return batch

    sqs._receive_messages_for_esm = receive  # noqa: SLF001


def _window(queue: dict[str, Any], mappings: Any) -> float:
    source = queue["attributes"]["QueueArn"]
    return max(float(m.get("MaximumBatchingWindowInSeconds") or 0) for m in mappings if m["EventSourceArn"] == source)


def _is_filling(queue: dict[str, Any], batch_size: int, window: float) -> bool:
    now = time.time()  # noqa: TID251 - the emulator's own clock
    since = [message["visible_at"] for message in queue["messages"] if message["visible_at"] <= now]
    return len(since) < batch_size and all(now - moment < window for moment in since)


def _replay_to_chosen_rules_as_aws_does() -> None:
    """A replay that names rules reaches these and no others. The emulator keeps the names, and asks all rules."""
    from ministack.services import eventbridge  # noqa: PLC0415 - as above

    matches = eventbridge._matches_pattern_view  # noqa: SLF001 - as the function that this replaces

    def matches_if_chosen(pattern: object, view: Any, owner: str = "rule") -> bool:
        chosen = _rules_chosen_by(eventbridge, view.envelope().get("replay-name"))
        rule = eventbridge._rules.get(owner.removeprefix("rule "))  # noqa: SLF001
        return (not chosen or rule is None or rule["Arn"] in chosen) and bool(matches(pattern, view, owner))

    eventbridge._matches_pattern_view = matches_if_chosen  # noqa: SLF001


def _rules_chosen_by(eventbridge: Any, replay: str | None) -> list[str]:
    """Their ARNs; none for what is no replay, and for a replay to all rules."""
    found = eventbridge._replays.get(replay) if replay else None  # noqa: SLF001
    return (found or {}).get("Destination", {}).get("FilterArns") or []


def _let_environments_die_alone() -> None:
    """A function's process that ends while it starts takes all others of the function with it, and their code.

    On AWS an execution environment that crashes is one environment less.
    """
    from ministack.core import lambda_runtime  # noqa: PLC0415 - as above

    invoke = lambda_runtime.Worker.invoke

    def invoke_alone(worker: Any, *event: object, **how: object) -> object:
        try:
            return invoke(worker, *event, **how)
        except RuntimeError as error:
            lambda_runtime.kill_workers([worker])
            return {"status": "error", "error": str(error), "log": ""}

    lambda_runtime.Worker.invoke = invoke_alone


def _install(module: str, variable: str) -> None:
    """What stands beside this file, with its setting, where there is one; functions see nothing of it."""
    setting = os.environ.pop(variable, "")  # noqa: TID251 - this is the process's entry point
    if setting:
        runpy.run_path(str(Path(__file__).with_name(module)))["install"](setting)


if __name__ == "__main__":
    _die_with_parent(int(sys.argv[1]))
    _name_actions_as_aws_does()
    _fill_batches_as_aws_does()
    _replay_to_chosen_rules_as_aws_does()
    _let_environments_die_alone()
    _install("emulator_workers.py", "BREAKWATER_CODE")
    _install("emulator_faults.py", "BREAKWATER_FAULTS")
    sys.argv = ["ministack"]
    runpy.run_module("ministack", run_name="__main__")
