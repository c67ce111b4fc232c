"""Where a stage's functions send their spans, and how that is asked for.

    cdk deploy -c tracing=0.1                              a tenth of new traces, to AWS X-Ray by a collector layer
    ... -c collector-layer=arn:{partition}:lambda:{region}:1234:layer:mine-{architecture}:1     by another collector
    BREAKWATER_OTLP_ENDPOINT=http://127.0.0.1:4318 make run           all of them, to a collector on this machine

Each knob is CDK context, or else a variable: `tracing` is BREAKWATER_TRACING, and so on. Off, nothing of it is in a
template or a package.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

#: AWS's own build of the OpenTelemetry collector, as an extension beside the function. By its own configuration it
#: listens on localhost and sends to X-Ray. Published in each region by AWS's account for it.
ADOT_LAYER: Final = "arn:{partition}:lambda:{region}:901920570463:layer:aws-otel-collector-{architecture}-ver-0-117-0:1"
_IN_THE_SANDBOX: Final = "http://localhost:4318"

#: A knob's value, by its name in CDK context; None where it is not set.
Knobs = Callable[[str], str | None]


class InvalidTracing(ValueError):
    """The knobs make no sense; the message says what would."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tracing:
    """`ratio` is the share of new traces that is recorded, `endpoint` where they go (OTLP over HTTP).

    `collector_layer` is the ARN of a layer that listens there, with `{partition}`, `{region}` and `{architecture}`
    (arm64 or amd64) to be filled in; None where somebody else listens.
    """

    ratio: float
    endpoint: str
    collector_layer: str | None


def variable(knob: str) -> str:
    """The environment variable that stands for a knob."""
    return f"BREAKWATER_{knob.upper().replace('-', '_')}"


KNOBS: Final = ("tracing", "otlp-endpoint", "collector-layer")


def from_variables(environ: Mapping[str, str]) -> Knobs:
    return lambda knob: environ.get(variable(knob))


def tracing_from(knobs: Knobs, *, on_lambda: bool) -> Tracing | None:
    """What the knobs ask for: nothing at all by default.

    `on_lambda` says that functions run where AWS's layers can be. Raises InvalidTracing.
    """
    share, endpoint, layer = (knobs(name) for name in KNOBS)
    if not (share or endpoint):
        return None
    if not endpoint and not on_lambda:
        raise InvalidTracing(
            "tracing: no collector runs beside this stage's functions; say where one listens: "
            f"{variable('otlp-endpoint')}=http://127.0.0.1:4318"
        )
    return Tracing(
        ratio=_ratio(share or "1"),
        endpoint=endpoint or _IN_THE_SANDBOX,
        collector_layer=layer or (None if endpoint else ADOT_LAYER),
    )


def _ratio(text: str) -> float:
    try:
        ratio = float(text)
    except ValueError:
        ratio = -1.0
    if not 0 <= ratio <= 1:
        raise InvalidTracing(f"tracing: {text!r} is no share of traces: say a number from 0 to 1, such as 0.1")
    return ratio
