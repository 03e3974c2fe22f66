"""A fault: which mode of failure it is, which feed it befalls, what it does, and what becomes of it afterwards."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from sample_company.faults.shown import Moment, Shown

Act = Callable[[Shown, Moment], None]
# What the source does once it is healed. reverts: it shows the truth, with the times that rows always had.
# corrects: it sends what it sent wrong once more. stays: what was shown is what is so. commits: what was shown was so
# until then, as nobody can see what is not committed; only what comes of it afterwards is a failure.
After = Literal["reverts", "corrects", "stays", "commits"]


@dataclass(frozen=True)
class Fault:
    """One thing that goes wrong at a source.

    `mode` is the letter and number of the mode of failure; one mode may have several faults, told apart by `name`.
    `needs` names a capability without which no reader can see it. `others` are feeds that have to be read beside it.
    """

    mode: str
    name: str
    feed: str
    title: str
    act: Act
    after: After
    needs: str
    others: tuple[str, ...]

    @property
    def is_visible_afterwards(self) -> bool:
        """Whether there is something to be told only once it is over."""
        return self.after == "commits"

    @property
    def is_true(self) -> bool:
        """Whether what is shown is so: the company itself changed, and a reader must follow."""
        return self.after == "stays"


FAULTS: dict[str, Fault] = {}


def fault(
    mode: str, feed: str, *, after: After = "reverts", needs: str = "", others: tuple[str, ...] = ()
) -> Callable[[Act], Act]:
    """Enter a function into the registry under its own name; the first line of its docstring is its title."""

    def enter(act: Act) -> Act:
        title = (act.__doc__ or "").split("\n")[0].rstrip(".")
        FAULTS[act.__name__] = Fault(mode, act.__name__, feed, title, act, after, needs, others)
        return act

    return enter
