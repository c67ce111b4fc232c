"""The business: one package a service, of which none knows another."""

from __future__ import annotations

import gc
import os
from typing import Final

#: Set by Lambda, and by what stands in for it.
ON_LAMBDA: Final = "AWS_LAMBDA_FUNCTION_NAME"

# Modules are no garbage: nobody need look for any until all of them are there (see runtime.starting).
if ON_LAMBDA in os.environ:  # noqa: TID251 - before anything of ours, its settings included
    gc.disable()
