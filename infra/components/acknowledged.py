"""Findings of cdk-nag that we know of and accept: each beside its resource, each with its reason."""

from __future__ import annotations

from aws_cdk import Acknowledgment, Validations
from constructs import IConstruct


def acknowledge(scope: IConstruct, rule: str, reason: str) -> None:
    """Accept one rule's finding on one resource. No wildcards: every finding is named by itself."""
    Validations.of(scope).acknowledge(Acknowledgment(id=rule, reason=reason))
