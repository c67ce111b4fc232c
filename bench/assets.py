"""What each service's package weighs on Lambda, zipped and unpacked, and what in it weighs most."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final
from zipfile import ZipFile

from contracts.company import SERVICES
from infra.packaging import package

_HEAVIEST: Final = 6
_MEGA: Final = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Asset:
    """Bytes. All functions of the service share it. `heaviest`: folder or file -> its bytes, unpacked."""

    service: str
    functions: Sequence[str]
    zipped: int
    unpacked: int
    heaviest: Mapping[str, int]


def measure_assets() -> Sequence[Asset]:
    """Of what `cdk deploy` uploads for AWS. Raises PackagingFailed."""
    return [_asset(service.name, [function.name for function in service.functions]) for service in SERVICES]


def _asset(service: str, functions: Sequence[str]) -> Asset:
    path = package([service], "lambda-arm64").path
    weights: Counter[str] = Counter()
    with ZipFile(path) as archive:
        for entry in archive.infolist():
            weights["/".join(entry.filename.split("/")[: _depth(entry.filename)])] += entry.file_size
    return Asset(
        service=service,
        functions=functions,
        zipped=path.stat().st_size,
        unpacked=weights.total(),
        heaviest=dict(weights.most_common(_HEAVIEST)),
    )


def _depth(name: str) -> int:
    """botocore's data are told apart from its code."""
    return 2 if name.startswith("botocore/data/") else 1


def as_table(assets: Sequence[Asset]) -> str:
    return "\n".join(["package (Lambda, arm64)     zipped  unpacked   MB", *map(_row, assets)])


def _row(asset: Asset) -> str:
    parts = ", ".join(f"{name} {size / _MEGA:.1f}" for name, size in asset.heaviest.items())
    return f"{asset.service:26}{asset.zipped / _MEGA:8.1f}{asset.unpacked / _MEGA:10.1f}   {parts}"
