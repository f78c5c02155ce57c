"""Mistakes in durations."""

from __future__ import annotations

from confsync.rules.rule import Rule, redis


def _timeout(value: str) -> str:
    return redis(f"timeout: {value}")


RULES = (
    Rule(
        "duration-without-unit",
        "a number without a unit",
        "A duration is written with its unit: `10s` for seconds, `10ms` for milliseconds.",
        "One person reads 10 as seconds, and the server takes it for milliseconds.",
        _timeout("10"),
        _timeout("10s"),
    ),
    Rule(
        "duration-from-the-wire",
        "milliseconds as the server sends them",
        "The server counts in milliseconds: 30000 is half a minute.",
        "A number without a unit can be read as seconds; `30s` cannot be misread.",
        _timeout("30000"),
        _timeout("30s"),
    ),
    Rule(
        "zero-duration",
        "no time at all",
        "A duration is at least a millisecond.",
        "The server refuses 0; to wait for ever is null, where a field may be null.",
        _timeout("0s"),
        _timeout("1ms"),
    ),
    Rule(
        "negative-duration",
        "a duration below nothing",
        "A duration is at least a millisecond.",
        "The server refuses it.",
        _timeout("-10s"),
        _timeout("10s"),
    ),
    Rule(
        "signed-duration",
        "a duration with a sign",
        "A plus in front of the number says nothing.",
        "There is one way to write a duration, so that equal ones look equal.",
        _timeout("+10s"),
        _timeout("10s"),
    ),
    Rule(
        "endless-duration",
        "a word for no end",
        "Fields that may wait for ever say so by null; others have to have an end.",
        "`never` and `infinite` are words that the server does not know.",
        redis("poolTimeoutWait: never"),
        redis("poolTimeoutWait: null"),
    ),
    Rule(
        "iso-duration",
        "a duration as ISO 8601 writes it",
        "PT10S is ten seconds there.",
        "There is one way to write a duration, so that equal ones look equal.",
        _timeout("PT10S"),
        _timeout("10s"),
    ),
    Rule(
        "clock-duration",
        "a duration like the time on a clock",
        "1:30 can be a minute and a half or an hour and a half; YAML 1.1 took it for 90.",
        "What it means depends on who reads it.",
        _timeout("1:30"),
        _timeout("1m30s"),
    ),
    Rule(
        "grouped-duration",
        "something between the digits of a duration",
        "Durations are digits and units alone.",
        "There is one way to write a duration, so that equal ones look equal.",
        _timeout("1_000ms"),
        _timeout("1s"),
    ),
    Rule(
        "decimal-duration",
        "a decimal point in a duration",
        "Durations are whole numbers with units; a half is written in the next smaller unit.",
        "There is one way to write a duration, so that equal ones look equal.",
        _timeout("1.5s"),
        _timeout("1s500ms"),
    ),
    Rule(
        "unknown-unit",
        "a unit that is not known",
        "The units are d, h, m, s and ms; m is minutes.",
        "There is one way to write a duration, so that equal ones look equal.",
        _timeout("10sec"),
        _timeout("10s"),
    ),
    Rule(
        "space-in-duration",
        "a space within a duration",
        "Number and unit stand side by side.",
        "There is one way to write a duration, so that equal ones look equal.",
        _timeout("10 s"),
        _timeout("10s"),
    ),
    Rule(
        "zero-before-duration",
        "a number of a duration begins with 0",
        "Some programs take such a number for an octal one.",
        "There is one way to write a duration, so that equal ones look equal.",
        _timeout("010s"),
        _timeout("10s"),
    ),
    Rule(
        "duration-order",
        "the units stand in another order than by size",
        "The largest unit comes first, and each unit once.",
        "There is one way to write a duration, so that equal ones look equal.",
        _timeout("30s1m"),
        _timeout("1m30s"),
    ),
    Rule(
        "not-a-duration",
        "something that is no duration",
        "A duration is written as whole numbers with units, like 10s, 1m30s or 500ms.",
        "How long is meant cannot be told.",
        _timeout("soon"),
        _timeout("10s"),
    ),
    Rule(
        "too-long-duration",
        "a duration that the server cannot take",
        "It is longer than 18446744073709551615 milliseconds.",
        "The server would refuse the whole request.",
        _timeout("213503982335d"),
        _timeout("1d"),
    ),
)
