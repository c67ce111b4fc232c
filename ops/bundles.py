"""Options that many commands have, said once: a dataclass of options stands for them in a command's signature."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import MISSING, Field, fields, is_dataclass
from functools import wraps
from typing import Any, TypeVar, get_type_hints

Function = TypeVar("Function", bound=Callable[..., Any])


def bundled(function: Function) -> Function:
    """The command with each parameter that is a dataclass spread into options, one for each of its fields."""
    hints = get_type_hints(function, include_extras=True)
    bundles = {name: hint for name, hint in hints.items() if is_dataclass(hint) and isinstance(hint, type)}

    @wraps(function)
    def command(**given: Any) -> Any:
        made = {
            name: bundle(**{each.name: given.pop(each.name) for each in fields(bundle)})
            for name, bundle in bundles.items()
        }
        return function(**given, **made)

    parameters: list[inspect.Parameter] = []
    for parameter in inspect.signature(function).parameters.values():
        spread = bundles.get(parameter.name)
        parameters += _spread(spread) if spread else [_keyword(parameter, hints[parameter.name])]
    command.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    command.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
    return command  # type: ignore[return-value]


def _keyword(parameter: inspect.Parameter, hint: Any) -> inspect.Parameter:
    return parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY, annotation=hint)


def _spread(bundle: type) -> list[inspect.Parameter]:
    hints = get_type_hints(bundle, include_extras=True)
    return [
        inspect.Parameter(
            each.name, inspect.Parameter.KEYWORD_ONLY, default=_default(each), annotation=hints[each.name]
        )
        for each in fields(bundle)
    ]


def _default(each: Field[Any]) -> Any:
    return inspect.Parameter.empty if each.default is MISSING else each.default
