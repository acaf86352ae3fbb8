"""A gate process that starts anew closes for what the one before closed for."""

from __future__ import annotations

from shuttergate import feed
from shuttergate.parent.taught import Taught
from shuttergate.verdict import Rule


def head(name: str, bias: float = 0.0) -> feed.TaughtHead:
    return feed.TaughtHead(name, "ab" * 32, b"", bias, 0.5, "cd" * 32)


def changed(*names: str) -> list[feed.News]:
    return [feed.RulesChanged(Rule({}), Rule({}), list(names))]


def test_what_is_in_force_is_given_again_until_it_is_lifted() -> None:
    taught = Taught()
    taught.asked(feed.Enforce(head("star")))
    assert taught.rules == [head("star")]  # also where the gate process dies before it hears of it
    taught.hears(changed("star"))
    assert taught.rules == [head("star")]
    taught.asked(feed.Lift("moon"))
    assert taught.rules == [head("star")]
    taught.asked(feed.Lift("star"))
    assert taught.rules == []


def test_a_refused_one_takes_no_others_place() -> None:
    taught = Taught()
    taught.asked(feed.Enforce(head("star")))
    taught.hears(changed("star"))
    taught.asked(feed.Enforce(head("star", bias=9.0)))
    taught.hears([feed.RuleRefused("star", "no")])
    assert taught.rules == [head("star")]
    taught.asked(feed.Enforce(head("star", bias=1.0)))
    taught.hears(changed("star"))
    assert taught.rules == [head("star", bias=1.0)]


def test_what_is_only_tried_is_not_given_again() -> None:
    taught = Taught()
    taught.asked(feed.Try(head("star")))
    taught.asked(feed.TakeExample(1))
    assert taught.rules == []
