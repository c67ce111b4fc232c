from __future__ import annotations

from datetime import timedelta

import pytest

from local.memory.functions import FunctionCrashed, InvocationFailed, PerSandbox
from local.memory.latency import Latency, Span
from tests.unit.memory_builders import START, a_clock, a_function, a_poller, a_queue, a_queue_with_dlq, bodies, dice

SLOW = Latency(function=Span(5, 5))


def failing(event, *names):
    ids = [r["messageId"] for r in event["Records"] if r["body"] in names]
    return {"batchItemFailures": [{"itemIdentifier": i} for i in ids]}


def test_the_context_knows_function_and_remaining_time():
    clock = a_clock()
    seen = []

    def handler(_, context):
        clock.sleep(2.5)
        seen.append((context.function_name, context.invoked_function_arn, context.get_remaining_time_in_millis()))

    a_function(clock, handler, timeout=10).invoke({})

    assert seen == [("worker", "arn:aws:lambda:eu-central-1:000000000000:function:worker", 7500)]


def test_every_invocation_has_a_request_id_of_its_own():
    seen = []
    function = a_function(a_clock(), lambda _, context: seen.append(context.aws_request_id))

    function.invoke({})
    function.invoke({})

    assert len(set(seen)) == 2


def test_a_function_is_cut_off_when_it_reaches_its_time_limit():
    clock, reached = a_clock(), []

    def handler(*_):
        try:
            clock.sleep(60)
        except Exception:  # noqa: BLE001 - what must not help
            reached.append("caught")
        reached.append("went on")

    with pytest.raises(InvocationFailed):
        a_function(clock, handler, timeout=10).invoke({})

    assert reached == []
    assert clock.now() == START + timedelta(seconds=10)


def test_a_crash_ends_the_function_unseen_by_its_own_code():
    reached = []

    def handler(*_):
        try:
            raise FunctionCrashed  # noqa: TRY301 - the point of the test
        except Exception:  # noqa: BLE001 - what must not help
            reached.append("caught")

    function = a_function(a_clock(), handler)
    with pytest.raises(InvocationFailed):
        function.invoke({})

    assert reached == []
    assert [type(e) for e in function.errors] == [FunctionCrashed]


def test_messages_are_delivered_in_batches_and_deleted():
    clock, batches = a_clock(), []
    queue = a_queue(clock)
    a_poller(clock, queue, lambda event, _: batches.append(bodies(event)), batch_size=2)

    for body in "abc":
        queue.send(body)
    clock.run_until_idle()

    assert batches == [["a", "b"], ["c"]]
    assert len(queue) == 0


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(None, id="nothing"),
        pytest.param({}, id="an empty object"),
        pytest.param({"batchItemFailures": []}, id="an empty list of failures"),
        pytest.param({"batchItemFailures": None}, id="null for its failures"),
        pytest.param("done", id="something else"),
    ],
)
def test_the_batch_is_done_when_the_function_answers(answer):
    clock = a_clock()
    queue = a_queue(clock)
    poller = a_poller(clock, queue, lambda *_: answer)
    queue.send("a")
    queue.send("b")

    clock.run_until_idle()

    assert len(queue) == 0
    assert poller.function.invocations == 1


@pytest.mark.parametrize(
    "failures",
    [
        pytest.param([{"itemIdentifier": ""}], id="an empty identifier"),
        pytest.param([{"itemIdentifier": None}], id="null as an identifier"),
        pytest.param([{"itemIdentifier": "unknown"}], id="an identifier that is not in the batch"),
        pytest.param([{"itemIdentifier": 7}], id="a number as an identifier"),
        pytest.param([{"messageId": "x"}], id="another key"),
        pytest.param([{}], id="an empty object"),
        pytest.param(["x"], id="a string"),
        pytest.param("x", id="no list"),
        pytest.param({}, id="an object"),
    ],
)
def test_the_whole_batch_fails_when_its_failures_hold(failures):
    clock = a_clock()
    queue = a_queue_with_dlq(clock, tries=1)
    a_poller(clock, queue, lambda *_: {"batchItemFailures": failures})
    queue.send("a")
    queue.send("b")

    clock.run_until_idle()

    assert [m.body for m in queue.dead_letter_queue.peek()] == ["a", "b"]


def test_only_failed_messages_come_back_when_the_function_names_them():
    clock, batches = a_clock(), []
    queue = a_queue_with_dlq(clock, tries=3, visibility_timeout=60)

    def handler(event, _):
        batches.append(bodies(event))
        return failing(event, "bad")

    a_poller(clock, queue, handler)
    for body in ("a", "bad", "b"):
        queue.send(body)
    clock.run_until_idle()

    assert batches == [["a", "bad", "b"], ["bad"], ["bad"]]
    assert [m.body for m in queue.dead_letter_queue.peek()] == ["bad"]
    assert len(queue) == 0


def test_a_failure_named_twice_fails_once():
    clock = a_clock()
    queue = a_queue_with_dlq(clock, tries=1)
    a_poller(clock, queue, lambda event, _: {"batchItemFailures": failing(event, "bad")["batchItemFailures"] * 2})
    queue.send("bad")
    queue.send("good")

    clock.run_until_idle()

    assert [m.body for m in queue.dead_letter_queue.peek()] == ["bad"]


@pytest.mark.parametrize("error", [ValueError("broken"), FunctionCrashed()])
def test_the_whole_batch_comes_back_after_the_visibility_timeout_when_the_function_fails(error):
    clock, times = a_clock(), []
    queue = a_queue_with_dlq(clock, tries=2, visibility_timeout=60)

    def handler(*_):
        times.append((clock.now() - START).total_seconds())
        raise error

    a_poller(clock, queue, handler)
    queue.send("a")
    queue.send("b")
    clock.run_until_idle()

    assert times == pytest.approx([0.01, 60.02])
    assert len(queue.dead_letter_queue) == 2


def test_a_batch_comes_back_when_the_function_ran_out_of_time():
    clock = a_clock()
    queue = a_queue_with_dlq(clock, tries=2, visibility_timeout=60)
    poller = a_poller(clock, queue, lambda *_: clock.sleep(30), timeout=10)
    queue.send("a")

    clock.run_until_idle()

    assert poller.function.invocations == 2
    assert len(queue.dead_letter_queue) == 1


def test_a_message_comes_back_earlier_when_its_handler_chose_so():
    clock, times = a_clock(), []
    queue = a_queue_with_dlq(clock, tries=2, visibility_timeout=60)

    def handler(event, _):
        times.append((clock.now() - START).total_seconds())
        queue.change_visibility(event["Records"][0]["receiptHandle"], 5)
        return failing(event, "a")

    a_poller(clock, queue, handler)
    queue.send("a")
    clock.run_until_idle()

    assert times == pytest.approx([0.01, 5.02])


def test_no_more_invocations_are_under_way_than_allowed():
    clock, times = a_clock(), []
    queue = a_queue(clock)
    a_poller(clock, queue, lambda *_: times.append(clock.now()), batch_size=1, max_concurrency=2, latency=SLOW)
    for body in "abcd":
        queue.send(body)

    clock.run_until_idle()

    assert times[0] == times[1]
    assert times[2] == times[3] >= times[0] + timedelta(seconds=5)


def test_a_batch_waits_for_its_window_when_it_is_not_full():
    clock, batches = a_clock(), []
    queue = a_queue(clock)
    a_poller(clock, queue, lambda event, _: batches.append((clock.now(), bodies(event))), batching_window=20)

    queue.send("a")
    clock.advance(10)
    queue.send("b")
    clock.run_until_idle()

    assert [names for _, names in batches] == [["a", "b"]]
    assert batches[0][0] == START + timedelta(seconds=20.01)


def test_a_batch_does_not_wait_when_it_is_full():
    clock, batches = a_clock(), []
    queue = a_queue(clock)
    a_poller(
        clock, queue, lambda event, _: batches.append((clock.now(), bodies(event))), batching_window=20, batch_size=2
    )

    for body in "ab":
        queue.send(body)
    clock.run_until_idle()

    assert batches == [(START + timedelta(seconds=0.01), ["a", "b"])]


def test_a_batch_stays_below_lambdas_payload_limit():
    clock, sizes = a_clock(), []
    queue = a_queue(clock)
    a_poller(clock, queue, lambda event, _: sizes.append(len(event["Records"])))
    for _ in range(10):
        queue.send("x" * 1_000_000)

    clock.run_until_idle()

    assert sizes == [6, 4]


def test_time_ends_with_the_last_work_when_all_is_done():
    clock = a_clock()
    queue = a_queue(clock, visibility_timeout=600)
    a_poller(clock, queue, lambda *_: None)
    queue.send("a")

    clock.run_until_idle()

    assert clock.now() == START + timedelta(seconds=0.02)


def test_every_message_is_handled_once_when_latencies_are_drawn():
    clock, handled = a_clock(), []
    queue = a_queue(clock)
    latency = Latency(poll=Span(0.001, 2), function=Span(0.001, 3))
    a_poller(clock, queue, lambda event, _: handled.extend(bodies(event)), latency=latency, max_concurrency=3)
    names = [str(number) for number in range(500)]
    delays = dice(7)
    for name in names:
        queue.send(name, delay=delays.choice([0, 1, 30]))

    clock.run_until_idle()

    assert sorted(handled, key=int) == names


def counting(clock, started, seen, seconds=5.0):
    """A handler whose process remembers how many invocations it has served."""

    def compose(sandbox):
        started.append(sandbox)
        served = []

        def handler(event, _):
            served.append(event)
            clock.sleep(seconds)
            seen.append((started.index(sandbox), len(served)))

        return handler

    return PerSandbox(compose)


def test_invocations_at_the_same_time_run_in_processes_of_their_own():
    clock, started, seen = a_clock(), [], []
    queue = a_queue(clock)
    a_poller(clock, queue, counting(clock, started, seen), batch_size=1)
    for body in "abc":
        queue.send(body)

    clock.run_until_idle()

    assert seen == [(0, 1), (1, 1), (2, 1)]
    assert clock.now() < START + timedelta(seconds=6)


def test_the_process_that_was_used_last_is_used_again_first():
    clock, started, seen = a_clock(), [], []
    queue = a_queue(clock)
    a_poller(clock, queue, counting(clock, started, seen), batch_size=1)
    queue.send("a")
    queue.send("b")
    clock.run_until_idle()

    queue.send("c")
    clock.run_until_idle()

    assert seen == [(0, 1), (1, 1), (1, 2)]


def test_a_process_is_lost_when_its_invocation_runs_out_of_time():
    clock, started = a_clock(), []
    function = a_function(clock, counting(clock, started, [], seconds=60), timeout=10)

    for _ in range(2):
        with pytest.raises(InvocationFailed):
            function.invoke({})

    assert [sandbox.dead for sandbox in started] == [True, True]


def test_a_process_serves_on_when_its_handler_raises():
    started = []

    def compose(sandbox):
        started.append(sandbox)
        return lambda *_: 1 / 0

    function = a_function(a_clock(), PerSandbox(compose))
    for _ in range(2):
        with pytest.raises(InvocationFailed):
            function.invoke({})

    assert [sandbox.dead for sandbox in started] == [False]
