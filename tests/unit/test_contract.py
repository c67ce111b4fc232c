from __future__ import annotations

import pytest

from contracts.company import SERVICES
from events.catalog import readable_versions
from runtime.contract import Contract, InvalidContract, contract_of, schema_key, schema_name


@pytest.mark.parametrize("service", SERVICES, ids=lambda service: service.name)
def test_a_service_sends_and_reads_what_its_manifest_says_in_all_versions_that_live(service) -> None:
    contract = contract_of(service)

    assert contract.emits == {type_: readable_versions(type_) for type_ in service.emits}
    assert contract.reads == {
        type_: readable_versions(type_)
        for consumer in service.consumers
        for subscription in consumer.subscriptions
        if subscription.bus == "own"
        for type_ in subscription.pattern["detail-type"]
    }


def test_a_contract_s_text_says_all_of_it_and_does_not_depend_on_the_order() -> None:
    one = Contract(emits={"b": (1, 2), "a": (1,)}, reads={"c": (3,)})
    other = Contract(emits={"a": (1,), "b": (1, 2)}, reads={"c": (3,)})

    assert one.to_json() == other.to_json() == '{"emits":{"a":[1],"b":[1,2]},"reads":{"c":[3]}}'
    assert Contract.parse(one.to_json()) == one


def test_what_a_newer_contract_says_besides_is_passed_over() -> None:
    assert Contract.parse('{"emits":{},"reads":{},"owner":"billing"}') == Contract(emits={}, reads={})


@pytest.mark.parametrize("text", ["", "[]", "null", "{}", '{"emits":1,"reads":{}}', '{"emits":{"a":["x"]},"reads":{}}'])
def test_what_is_no_contract_is_refused(text: str) -> None:
    with pytest.raises(InvalidContract, match="is no contract"):
        Contract.parse(text)


def test_a_schema_s_name_leads_back_to_its_type_and_version() -> None:
    assert schema_key(schema_name("billing.invoice.paid", 12)) == ("billing.invoice.paid", 12)
    assert schema_key("somebody-else-s") is None
