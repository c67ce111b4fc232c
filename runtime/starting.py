"""What a function does before its first call: Lambda gives that time all of a processor, and a call a share of one.

    at_start(_consumer, "dynamodb", environ=wiring.ENVIRONMENT)

in the last line of an entry point makes what each call would look for, when its module is imported on Lambda. Anywhere
else it does nothing: what imports a module need not be what runs it.
"""

from __future__ import annotations

import gc
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Final

from runtime.aws import client
from runtime.errors import ConfigurationError

#: Set by Lambda, and by what stands in for it.
_ON_LAMBDA: Final = "AWS_LAMBDA_FUNCTION_NAME"


def at_start(make: Callable[[], object], *services: str, environ: Mapping[str, str]) -> None:
    """On Lambda, call `make` and make the clients that a usual record needs.

    Where settings are missing, that is left for the first call to say. All that is there by now stays, and is not
    looked through for garbage again; from now on there may be some (see functions/__init__.py).
    """
    if _ON_LAMBDA not in environ:
        return
    try:
        with suppress(ConfigurationError):
            make()
            for service in services:
                client(service)
    finally:
        gc.freeze()
        gc.enable()
