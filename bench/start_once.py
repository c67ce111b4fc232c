"""One cold start, in a process that has loaded nothing else: `python -I -S -B start_once.py FOLDER HANDLER < event`.

As Lambda does it: the function's folder is looked into first, the handler's module is imported, then it is called.
The last line of stdout tells when it was ready and when it had answered: seconds of this process's processor time and
of the machine's steady clock, and the number of modules that were loaded by then.
"""

import importlib
import json
import sys
import time
from collections.abc import Callable
from typing import Any


class Context:
    """What functions ask of Lambda's."""

    function_name = "bench"
    function_version = "$LATEST"
    memory_limit_in_mb = 256
    invoked_function_arn = "arn:aws:lambda:us-east-1:000000000000:function:bench"
    aws_request_id = "11111111-2222-3333-4444-555555555555"

    def get_remaining_time_in_millis(self) -> int:
        return 30_000


def _moment() -> tuple[float, float, int]:
    return time.process_time(), time.monotonic(), len(sys.modules)


def _handler(name: str) -> Callable[[Any, Any], Any]:
    module, _, function = name.rpartition(".")
    found: Callable[[Any, Any], Any] = getattr(importlib.import_module(module), function)
    return found


if __name__ == "__main__":
    sys.path.insert(0, sys.argv[1])
    handle = _handler(sys.argv[2])
    ready = _moment()
    answer = handle(json.load(sys.stdin), Context())
    print("\n" + json.dumps({"ready": ready, "answered": _moment(), "answer": answer}))
