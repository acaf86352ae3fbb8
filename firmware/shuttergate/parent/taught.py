"""The rules that a page put into force: a gate process that starts anew is given them again."""

from __future__ import annotations

from collections.abc import Iterable

from shuttergate import feed


class Taught:
    """One that the gate process refuses takes no other's place."""

    def __init__(self) -> None:
        self._in_force: dict[str, feed.TaughtHead] = {}
        self._offered: dict[str, feed.TaughtHead] = {}  # of which was not heard yet

    def asked(self, order: feed.Lesson) -> None:
        """Hear what the gate process is asked to do."""
        match order:
            case feed.Enforce(rule=rule):
                self._offered[rule.name] = rule
            case feed.Lift(name=name):
                for known in (self._in_force, self._offered):
                    known.pop(name, None)

    def hears(self, news: Iterable[feed.News]) -> None:
        """Hear what became of it."""
        for item in news:
            match item:
                case feed.RulesChanged(taught=taught):
                    for name in set(taught) & set(self._offered):
                        self._in_force[name] = self._offered.pop(name)
                case feed.RuleRefused(name=name):
                    self._offered.pop(name, None)

    @property
    def rules(self) -> list[feed.TaughtHead]:
        """What a gate process is started with."""
        return list((self._in_force | self._offered).values())
