"""Report → what a person reads: each criterion with its verdict, evidence and time; what to do; the totals."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from lading.checks import criteria
from lading.model import Criterion, Finding, Report, Verdict
from lading.report import page, words

if TYPE_CHECKING:
    from rich.console import RenderableType

_STYLES: dict[Verdict, str] = {
    "pass": "green",
    "fail": "bold red",
    "unknown": "yellow",
    "waived": "cyan",
    "skip": "dim",
}

#: How many findings of one check are told; the others are counted.
_MOST = 5


def render(report: Report, width: int, color: bool, /) -> str:  # noqa: FBT001 - a terminal's two properties
    """`report` for a terminal of `width` columns."""
    judged = [(criterion, criteria.of(criterion, report.findings)) for criterion in report.criteria]
    verdicts: list[Verdict] = [criteria.worst(finding.verdict for finding in found) for _, found in judged]
    parts: list[RenderableType] = [_table(judged, verdicts), page.line("")]
    for verdict in ("fail", "unknown", "waived"):
        parts += _section(verdict, judged)
    parts += _others(report)
    parts += _end(report, verdicts)
    return page.text(parts, width, color=color)


def _table(judged: Sequence[tuple[Criterion, Sequence[Finding]]], verdicts: Sequence[Verdict]) -> RenderableType:
    """A block for each criterion: its verdict, name, title and time, and below the title what was seen."""
    table = page.table("fixed", "fixed", 1, "right", full=True)
    for (criterion, found), verdict in zip(judged, verdicts, strict=True):
        sign, word = words.VERDICTS[verdict]
        text = page.line(words.printable(criterion.title), "bold")
        for line in _evidence(found, verdict):
            text.append(f"\n{line}", "not bold")
        seconds = [finding.seconds for finding in found if finding.seconds is not None]
        table.add_row(
            page.line(f"{sign} {word}", _STYLES[verdict]),
            page.line(words.printable(criterion.id), "dim"),
            text,
            page.line(words.seconds(sum(seconds)) if seconds else "", "dim"),
        )
    return table


def _evidence(found: Sequence[Finding], verdict: Verdict) -> list[str]:
    """Where all is proved, what each check saw; elsewhere, the first thing that made the verdict."""
    lines = [words.printable(finding.message) for finding in found if finding.verdict == verdict]
    if verdict in {"pass", "skip"} or len(lines) == 1:
        return lines
    return [lines[0], f"and {len(lines) - 1} more, below"]


def _section(verdict: Verdict, judged: Sequence[tuple[Criterion, Sequence[Finding]]]) -> Iterator[RenderableType]:
    """The findings of one verdict in full, by check, with what to do about them."""
    wanted: dict[str, list[Finding]] = {}
    for _, found in judged:
        for finding in found:
            if finding.verdict == verdict and finding not in wanted.setdefault(finding.check, []):
                wanted[finding.check].append(finding)
    wanted = {check: found for check, found in wanted.items() if found}
    if not wanted:
        return
    yield page.line(words.VERDICTS[verdict][1], _STYLES[verdict])
    for check, found in wanted.items():
        yield page.line(f"  {check}", "bold")
        for finding in found[:_MOST]:
            yield page.indented(_placed(finding), 4)
        if len(found) > _MOST:
            yield page.indented(f"and {len(found) - _MOST} more: `--json` has them all", 4)
        for hint in dict.fromkeys(finding.hint for finding in found[:_MOST] if finding.hint):
            yield page.indented(words.printable(f"hint: {hint}"), 4, "dim")
    yield page.line("")


def _placed(finding: Finding) -> str:
    """The message below its place, unless it names the place itself."""
    named = not finding.where or finding.where in finding.message
    return words.printable(finding.message if named else f"{finding.where}: {finding.message}")


def _others(report: Report) -> Iterator[RenderableType]:
    """What failed in a check that no criterion names: it decides nothing, and is not kept quiet."""
    named = {check for criterion in report.criteria for check in criterion.checks}
    failed = [finding for finding in report.findings if finding.verdict == "fail" and finding.check not in named]
    if failed:
        yield page.line("outside the criteria", "yellow")
        for finding in failed:
            yield page.indented(f"{finding.check}: {_placed(finding)}", 2)
        yield page.line("")


def _end(report: Report, verdicts: Sequence[Verdict]) -> Iterator[RenderableType]:
    worst = criteria.worst(verdicts)
    style = _STYLES["pass" if worst in {"skip", "waived"} else worst]
    yield page.line(words.totals(verdicts) or "no criteria", f"bold {style}".replace("bold bold", "bold"))
    if report.image is not None:
        yield page.line(words.image(report.image))
    if report.observation is not None:
        beside = f", with {', '.join(report.observation.services)}" if report.observation.services else ""
        yield page.line(f"engine: {words.printable(report.observation.engine + beside)}", "dim")
        for limit in report.observation.limits:
            yield page.indented(words.printable(f"not shown: {limit}"), 2, "dim")
    if report.seconds:
        spent = " · ".join(f"{stage} {words.seconds(value)}" for stage, value in report.seconds.items())
        yield page.line(f"{words.seconds(sum(report.seconds.values()))} in all: {spent}", "dim")
