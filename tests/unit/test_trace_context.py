"""W3C Trace Context, case by case from the recommendation's text and its processing model."""

from __future__ import annotations

import pytest

from events.trace_context import MAX_MEMBERS, TraceContext, continued, passed_on, trace_id_in

TRACE = "0af7651916cd43dd8448eb211c80319c"
PARENT = "b7ad6b7169203331"
GOOD = f"00-{TRACE}-{PARENT}-01"


#: As many entries as there is room for.
LARGE = ",".join(f"{key}={'x' * 250}" for key in "abcdefgh")
SMALL = ",".join(f"{key}={'x' * 81}" for key in "abcdefghijklmnopqrstuvwx")
MOST = ",".join(f"k{n}=1" for n in range(MAX_MEMBERS))
LONG = ",".join(f"{key}={key * 200}" for key in "abc")


def combined(fields: list[str]) -> str:
    """Header fields of one name as the one that they mean (RFC 9110, section 5.3)."""
    return ",".join(fields)


def context_of(traceparent: object, tracestate: object = None) -> TraceContext | None:
    carrier = {"traceparent": traceparent, "tracestate": tracestate}
    return TraceContext.of({name: value for name, value in carrier.items() if value is not None})


def state_of(tracestate: object) -> str:
    context = context_of(GOOD, tracestate)
    assert context is not None  # 3.3: failure to parse tracestate must not affect the parsing of traceparent
    return context.tracestate


@pytest.mark.parametrize(
    ("why", "text", "flags"),
    [
        ("sampled", f"00-{TRACE}-{PARENT}-01", 1),
        ("not sampled", f"00-{TRACE}-{PARENT}-00", 0),
        ("the random flag of level 2 is passed on", f"00-{TRACE}-{PARENT}-03", 3),
        ("flags without a meaning are sent as zero", f"00-{TRACE}-{PARENT}-fd", 1),
        ("white space around the field is HTTP's", f" \t{GOOD}\t ", 1),
        ("a later version of the same form", f"01-{TRACE}-{PARENT}-01", 1),
        ("a later version with more fields", f"cc-{TRACE}-{PARENT}-01-what-the-future-will-be-like", 1),
        ("a later version with an empty field more", f"cc-{TRACE}-{PARENT}-01-", 1),
        ("the last version there can be", f"fe-{TRACE}-{PARENT}-00-x", 0),
    ],
)
def test_a_traceparent_is_read_when_it_holds(why: str, text: str, flags: int) -> None:
    context = context_of(text)

    assert context == TraceContext(trace_id=TRACE, parent_id=PARENT, flags=flags), why
    assert context.traceparent == f"00-{TRACE}-{PARENT}-{flags:02x}"


@pytest.mark.parametrize(
    ("why", "text"),
    [
        ("missing", None),
        ("empty", ""),
        ("no text", 17),
        ("version ff is forbidden", f"ff-{TRACE}-{PARENT}-01"),
        ("a version that is no hex", f"0g-{TRACE}-{PARENT}-01"),
        ("an upper-case version", f"0A-{TRACE}-{PARENT}-01"),
        ("a short version", f"0-{TRACE}-{PARENT}-01"),
        ("a long version", f"000-{TRACE}-{PARENT}-01"),
        ("a version that ends in something else", f"00_{TRACE}-{PARENT}-01"),
        ("a trace id of zeroes", f"00-{'0' * 32}-{PARENT}-01"),
        ("an upper-case trace id", f"00-{TRACE.upper()}-{PARENT}-01"),
        ("a trace id that is no hex", f"00-{TRACE[:-1]}.-{PARENT}-01"),
        ("a short trace id", f"00-{TRACE[1:]}-{PARENT}-01"),
        ("a long trace id", f"00-{TRACE}0-{PARENT}-01"),
        ("a parent id of zeroes", f"00-{TRACE}-{'0' * 16}-01"),
        ("an upper-case parent id", f"00-{TRACE}-{PARENT.upper()}-01"),
        ("a short parent id", f"00-{TRACE}-{PARENT[1:]}-01"),
        ("a long parent id", f"00-{TRACE}-{PARENT}0-01"),
        ("no flags", f"00-{TRACE}-{PARENT}"),
        ("empty flags", f"00-{TRACE}-{PARENT}-"),
        ("a short flag", f"00-{TRACE}-{PARENT}-1"),
        ("flags that are no hex", f"00-{TRACE}-{PARENT}-.0"),
        ("more than version 00 has", f"00-{TRACE}-{PARENT}-01-"),
        ("more fields than version 00 has", f"00-{TRACE}-{PARENT}-01-what"),
        ("a long flag", f"00-{TRACE}-{PARENT}-011"),
        ("of a later version, more without a dash", f"cc-{TRACE}-{PARENT}-01.what"),
        ("of a later version, less than 55 characters", f"cc-{TRACE}-{PARENT}-0"),
        ("of a later version, a trace id of zeroes", f"cc-{'0' * 32}-{PARENT}-01-x"),
        ("two headers with the same", combined([GOOD, GOOD])),
        ("two headers that differ", combined([GOOD, f"00-{TRACE[::-1]}-{PARENT}-01"])),
        ("a line break", f"{GOOD}\n"),
        ("of a later version, more that is no ASCII", f"cc-{TRACE}-{PARENT}-01-\u20ac"),
        ("of a later version, more than anybody needs", f"cc-{TRACE}-{PARENT}-01-{'x' * 257}"),
        ("digits of another alphabet", GOOD.replace("1", "\u0661")),
    ],
)
def test_there_is_no_context_when_the_traceparent_does_not_hold(why: str, text: object) -> None:
    assert context_of(text, "rojo=1") is None, why
    assert passed_on({"traceparent": text, "tracestate": "rojo=1"} if text is not None else {"tracestate": "a=1"}) == {}
    assert trace_id_in({"traceparent": text}) is None


LONGEST_KEY = "k" * 256
LONGEST_VALUE = "v" * 256


@pytest.mark.parametrize(
    ("why", "text", "state"),
    [
        ("one member", "rojo=00f067aa0ba902b7", "rojo=00f067aa0ba902b7"),
        ("their order is kept", "congo=t61rcWkgMzE,rojo=1", "congo=t61rcWkgMzE,rojo=1"),
        ("headers are one list, in their order", combined(["foo=1,bar=2", "baz=1,cat=2"]), "foo=1,bar=2,baz=1,cat=2"),
        ("an empty header among them", combined(["foo=1", "", "bar=2"]), "foo=1,bar=2"),
        ("empty", "", ""),
        ("white space and commas alone", " ,\t, ", ""),
        ("empty members are left out", "foo=1,,bar=2,", "foo=1,bar=2"),
        ("white space around members is ignored", "foo=1 \t , \t bar=2, \t baz=3", "foo=1,bar=2,baz=3"),
        ("leading spaces belong to a value", "foo=  1,bar= 2", "foo=  1,bar= 2"),
        ("white space within a value", "foo=a b", "foo=a b"),
        ("of a key that stands there twice, the newest is first", "foo=2,bar=1,foo=1", "foo=2,bar=1"),
        ("a tenant of a vendor", "t61rcwkgmze@vendor=1,0@v=2", "t61rcwkgmze@vendor=1,0@v=2"),
        ("every character that a key may have", "0az_-*/@=1", "0az_-*/@=1"),
        ("the longest key and value", f"{LONGEST_KEY}={LONGEST_VALUE}", f"{LONGEST_KEY}={LONGEST_VALUE}"),
        ("visible characters in a value", "a=!\"#$%&'()*+-./:;<>?@[]^_`{|}~", "a=!\"#$%&'()*+-./:;<>?@[]^_`{|}~"),
        ("as many members as there may be", MOST, MOST),
        ("more than 512 characters are kept whole", LONG, LONG),
        ("of too many characters, large entries go first", f"{LARGE},i={'x' * 250},s=1", f"{LARGE},s=1"),
        ("and then the last", f"{SMALL},y={'x' * 81}", SMALL),
    ],
)  # fmt: skip
def test_a_tracestate_is_read_when_it_holds(why: str, text: str, state: str) -> None:
    assert state_of(text) == state, why


@pytest.mark.parametrize(
    ("why", "text"),
    [
        ("no text", 3),
        ("one member too many", f"{MOST},more=1"),
        ("a member that is no pair", "foo=1,bar"),
        ("no key", "=1"),
        ("no value", "foo="),
        ("a value of spaces alone", "foo= ,bar=1"),
        ("white space before the equals sign", "foo =1"),
        ("a second equals sign", "foo=1=2"),
        ("an upper-case key", "FOO=1"),
        ("a key that begins with a sign", "@foo=1,bar=2"),
        ("a character that no key has", "foo.bar=1"),
        ("a key that is too long", f"{LONGEST_KEY}k=1"),
        ("a value that is too long", f"foo={LONGEST_VALUE}v"),
        ("a control character in a value", "foo=a\x07b"),
        ("a tab within a value", "foo=a\tb"),
        ("a character outside of ASCII", "foo=\u00fc"),
    ],
)
def test_a_tracestate_that_does_not_hold_is_dropped_and_its_traceparent_stands(why: str, text: object) -> None:
    assert state_of(text) == "", why
    assert passed_on({"traceparent": GOOD, "tracestate": text}) == {"traceparent": GOOD}


@pytest.mark.parametrize("later", [GOOD, f"cc-{TRACE}-{PARENT}-09-more", f" {GOOD}"])
def test_who_takes_no_part_passes_on_what_came(later: str) -> None:
    carrier = {"traceparent": later, "tracestate": " rojo=1 ,, congo=2", "other": "x"}

    assert passed_on(carrier) == {"traceparent": later, "tracestate": " rojo=1 ,, congo=2"}


def test_nothing_is_passed_on_where_there_is_nothing() -> None:
    assert passed_on({"tracestate": "rojo=1"}) == {}


def test_a_context_travels_as_version_00_and_without_an_empty_state() -> None:
    context = context_of(f"cc-{TRACE}-{PARENT}-01-x", "a=1")

    assert context is not None
    assert context.carrier == {"traceparent": GOOD, "tracestate": "a=1"}
    assert TraceContext(trace_id=TRACE, parent_id=PARENT).carrier == {"traceparent": f"00-{TRACE}-{PARENT}-00"}


def test_a_carrier_that_is_continued_keeps_no_state_of_another_parent() -> None:
    carrier = {"traceparent": "old", "tracestate": "old=1", "tenant": "t"}

    assert continued(carrier, {"traceparent": GOOD}) == {"tenant": "t", "traceparent": GOOD}


XRAY = f"Root=1-{TRACE[:8]}-{TRACE[8:]};Parent={PARENT};Sampled=1"


@pytest.mark.parametrize(
    ("header", "sampled"),
    [
        (XRAY, True),
        (XRAY.replace("Sampled=1", "Sampled=0"), False),
        (XRAY.replace("Sampled=1", "Sampled=?"), False),
        (XRAY.replace(";Sampled=1", ""), False),
        (f"Self=1-1-1; {XRAY.replace(';', '; ')};Lineage=25:a87bd80c:1", True),
    ],
)
def test_the_header_of_x_ray_is_a_context_too(header: str, sampled: bool) -> None:
    context = TraceContext.from_xray(header)

    assert context is not None
    assert (context.trace_id, context.parent_id, context.sampled) == (TRACE, PARENT, sampled)


@pytest.mark.parametrize(
    "header",
    [None, "", "nonsense", XRAY.replace("Root=1-", "Root=2-"), XRAY.upper(), f"Root=1-{TRACE[:8]}-{TRACE[8:]}",
     XRAY.replace(PARENT, "0" * 16), XRAY.replace(PARENT, PARENT[1:])],
)  # fmt: skip
def test_a_header_of_x_ray_without_root_and_parent_is_none(header: str | None) -> None:
    assert TraceContext.from_xray(header) is None


def test_a_context_and_the_header_of_x_ray_say_the_same() -> None:
    context = context_of(GOOD)

    assert context is not None
    assert context.to_xray() == XRAY
