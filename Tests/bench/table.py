"""What was measured, as a Markdown table, and how two things are measured side by side."""

from dataclasses import dataclass
from statistics import median


@dataclass
class Row:
    """A line of the table. Without a goal it only informs."""

    what: str
    ours: str
    against: str = "–"
    theirs: str = "–"
    ratio: float | None = None
    goal: str = "–"
    reached: bool | None = None

    def __str__(self):
        ratio = "–" if self.ratio is None else f"{self.ratio:.2f}"
        reached = {None: "–", True: "yes", False: "**no**"}[self.reached]
        return f"| {self.what} | {self.ours} | {self.against} | {self.theirs} | {ratio} | {self.goal} | {reached} |"


HEAD = "| what | ours | against | theirs | ratio | goal | reached |\n|---|---|---|---|---|---|---|"


def side_by_side(measures, rounds):
    """Takes a sample of each in turn, again and again, so that the machine's drift meets all of them alike."""
    samples = {name: [] for name in measures}
    for _ in range(rounds):
        for name, measure in measures.items():
            samples[name].append(measure())
    return samples


def compare(what, samples, ours, theirs, unit, goal=None, note=""):
    """One row for two of the samples; the ratio is the median of the rounds' ratios."""
    ratio = median(a / b for a, b in zip(samples[ours], samples[theirs]))
    return Row(
        what + note,
        unit(median(samples[ours])),
        theirs,
        unit(median(samples[theirs])),
        ratio,
        "–" if goal is None else f"≤ {goal:g}×",
        None if goal is None else ratio <= goal,
    )


def microseconds(value):
    return f"{value:.1f} µs"


def milliseconds(value):
    return f"{value:.2f} ms"
