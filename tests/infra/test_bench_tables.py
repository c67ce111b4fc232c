"""What is benchmarked is what deploys: the benchmark's tables, held against the synthesised templates."""

from __future__ import annotations

from typing import Any

from bench.cloud import TABLES


def names(schema: Any) -> tuple[str, ...]:
    return tuple(element["AttributeName"] for element in schema)


def test_the_benchmark_s_tables_have_the_keys_and_indexes_of_those_that_deploy(assembly):
    deployed = {
        properties["TableName"].removeprefix(assembly.name("")): (
            names(properties["KeySchema"]),
            *[
                names(index["KeySchema"])
                for index in properties.get("GlobalSecondaryIndexes", ())
                if index["Projection"] == {"ProjectionType": "ALL"}
            ],
        )
        for template in assembly.stacks.values()
        for properties in template.of_type("AWS::DynamoDB::Table").values()
    }

    assert deployed["billing"] == TABLES["billing"]
    assert deployed["contacts"] == (TABLES["contacts"][0],)
    assert deployed["idempotency-billing"] == deployed["idempotency-notification"] == (TABLES["idempotency"][0],)
