"""The contract of a Powertools persistence layer, on virtual time."""

from __future__ import annotations

import pytest
from aws_lambda_powertools.utilities.idempotency import IdempotencyConfig, idempotent_function
from aws_lambda_powertools.utilities.idempotency.exceptions import (
    IdempotencyAlreadyInProgressError,
    IdempotencyItemAlreadyExistsError,
    IdempotencyItemNotFoundError,
    IdempotencyValidationError,
)

from local.memory.functions import FunctionCrashed
from local.memory.idempotency import MemoryIdempotency
from tests.unit.memory_builders import a_clock

KEY = {"source": "shop", "id": "1"}
HOUR = 3600


def a_store(clock, table=None, *, prefix="consumer", **settings):
    store = MemoryIdempotency(clock=clock, table=table)
    config = IdempotencyConfig(event_key_jmespath="[source, id]", expires_after_seconds=HOUR, **settings)
    store.configure(config, key_prefix=prefix)
    return store


def test_a_second_start_is_refused_when_the_first_is_under_way():
    store = a_store(a_clock())
    store.save_inprogress(KEY, 1000)

    with pytest.raises(IdempotencyItemAlreadyExistsError) as refusal:
        store.save_inprogress(KEY, 1000)

    assert refusal.value.old_data_record.status == "INPROGRESS"


def test_a_second_start_gets_the_result_when_the_first_is_done():
    store = a_store(a_clock())
    store.save_inprogress(KEY, 1000)
    store.save_success(KEY, {"sent": True})

    with pytest.raises(IdempotencyItemAlreadyExistsError) as refusal:
        store.save_inprogress(KEY, 1000)

    assert refusal.value.old_data_record.status == "COMPLETED"
    assert refusal.value.old_data_record.response_json_as_dict() == {"sent": True}


def test_a_second_start_succeeds_when_the_first_ran_out_of_time():
    clock = a_clock()
    store = a_store(clock)
    store.save_inprogress(KEY, 1000)

    clock.sleep(1.001)

    store.save_inprogress(KEY, 1000)


def test_a_second_start_is_refused_when_the_first_has_its_last_millisecond():
    clock = a_clock()
    store = a_store(clock)
    store.save_inprogress(KEY, 1000)

    clock.sleep(1)

    with pytest.raises(IdempotencyItemAlreadyExistsError):
        store.save_inprogress(KEY, 1000)


def test_a_record_is_forgotten_when_it_has_expired():
    clock = a_clock()
    store = a_store(clock)
    store.save_inprogress(KEY, 1000)
    store.save_success(KEY, {})

    clock.sleep(HOUR + 1)

    store.save_inprogress(KEY, 1000)


def test_a_record_is_remembered_until_it_expires():
    clock = a_clock()
    store = a_store(clock)
    store.save_inprogress(KEY, 1000)
    store.save_success(KEY, {})

    clock.sleep(HOUR)

    with pytest.raises(IdempotencyItemAlreadyExistsError):
        store.save_inprogress(KEY, 1000)


def test_a_lock_without_a_time_limit_holds_until_the_record_expires():
    clock = a_clock()
    store = a_store(clock)
    with pytest.warns(UserWarning, match="remaining time"):
        store.save_inprogress(KEY)

    clock.sleep(HOUR - 1)

    with pytest.raises(IdempotencyItemAlreadyExistsError):
        store.save_inprogress(KEY, 1000)


def test_a_start_succeeds_when_the_record_was_deleted():
    store = a_store(a_clock())
    store.save_inprogress(KEY, 1000)

    store.delete_record(KEY, ValueError())

    store.save_inprogress(KEY, 1000)


def test_a_record_is_read_as_it_was_saved():
    store = a_store(a_clock())
    store.save_inprogress(KEY, 1000)
    store.save_success(KEY, {"sent": True})

    record = store.get_record(KEY)

    assert record.status == "COMPLETED"
    assert record.response_json_as_dict() == {"sent": True}


def test_a_record_is_not_found_when_there_is_none():
    with pytest.raises(IdempotencyItemNotFoundError):
        a_store(a_clock()).get_record(KEY)


def test_a_record_with_another_payload_is_refused_when_payloads_are_compared():
    store = a_store(a_clock(), payload_validation_jmespath="amount")
    store.save_inprogress({**KEY, "amount": 1}, 1000)

    with pytest.raises(IdempotencyValidationError):
        store.save_inprogress({**KEY, "amount": 2}, 1000)


def test_consumers_do_not_see_each_others_records_when_they_share_a_table():
    clock, table = a_clock(), {}

    a_store(clock, table, prefix="one").save_inprogress(KEY, 1000)
    a_store(clock, table, prefix="two").save_inprogress(KEY, 1000)

    assert len(table) == 2


class Work:
    """An effect behind Powertools' own decorator."""

    def __init__(self, store):
        self.runs = 0
        self.error = None
        config = IdempotencyConfig(event_key_jmespath="[source, id]", expires_after_seconds=HOUR)
        config.register_lambda_context(self)
        self.once = idempotent_function(
            self.effect, data_keyword_argument="event", persistence_store=store, config=config, key_prefix="work"
        )

    def get_remaining_time_in_millis(self):
        return 1000

    def effect(self, event):
        self.runs += 1
        if self.error is not None:
            raise self.error
        return {"run": self.runs}


def test_powertools_runs_the_effect_once_when_the_event_comes_twice():
    work = Work(MemoryIdempotency(clock=a_clock()))

    answers = [work.once(event=KEY) for _ in range(2)]

    assert answers == [{"run": 1}, {"run": 1}]
    assert work.runs == 1


def test_powertools_runs_the_effect_again_when_it_failed():
    work = Work(MemoryIdempotency(clock=a_clock()))
    work.error = ValueError("broken")
    with pytest.raises(ValueError, match="broken"):
        work.once(event=KEY)

    work.error = None

    assert work.once(event=KEY) == {"run": 2}


def test_powertools_waits_for_the_lock_when_the_function_crashed():
    clock = a_clock()
    work = Work(MemoryIdempotency(clock=clock))
    work.error = FunctionCrashed()
    with pytest.raises(FunctionCrashed):
        work.once(event=KEY)
    work.error = None

    with pytest.raises(IdempotencyAlreadyInProgressError):
        work.once(event=KEY)
    clock.sleep(1.001)

    assert work.once(event=KEY) == {"run": 2}
