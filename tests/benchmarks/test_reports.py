"""The benchmarks' own arithmetic: what counts as slower, what a report keeps, what a plot draws, what a replay adds up to."""

from dataclasses import replace
from xml.etree import ElementTree as ET

import pytest

from benchmarks.case import Case
from benchmarks.compare import changes
from benchmarks.measure import Figure, measure
from benchmarks.plot import Line, plot
from benchmarks.report import Report, read_report, tables, write_markdown
from benchmarks.simulate import MIX, Load, replay

FIGURE = Figure(
    group="session guard", name="ours", ours=True, median=100, low=98, high=102, wall=110, ratio=2.0, aim=2.3
)


def slower(before, after):
    return [change.slower for change in changes([before], [after])]


def test_what_noise_explains_is_not_slower_and_what_it_does_not_is() -> None:
    assert slower(FIGURE, replace(FIGURE, ratio=2.09)) == [False]
    assert slower(FIGURE, replace(FIGURE, ratio=2.2)) == [True]
    assert slower(FIGURE, replace(FIGURE, ratio=1.0)) == [False]
    noisy = replace(FIGURE, low=80, high=120, ratio=2.2)
    assert slower(FIGURE, noisy) == [False]


def test_only_what_is_ours_and_in_both_runs_is_compared() -> None:
    assert slower(replace(FIGURE, ours=False), FIGURE) == []
    assert slower(FIGURE, replace(FIGURE, name="another")) == []


def test_a_case_without_a_base_is_compared_by_its_microseconds() -> None:
    alone = replace(FIGURE, ratio=None, median=1.0, low=1.0, high=1.0, aim=2.0)
    assert slower(alone, replace(alone, median=1.5)) == [True]
    assert (alone.met, replace(alone, median=2.5).met, replace(alone, aim=None).met) == (True, False, None)


def test_a_report_is_read_as_it_was_written_and_says_what_was_missed(tmp_path) -> None:
    report = Report(
        machine="two cores", quick=True, figures=[FIGURE, replace(FIGURE, name="slow", ratio=9.0)], versions={"flask": "3"},
        missing={"peer": "not installed"}, tables={"Start-up": [{"what": "import", "CPU, ms": "1"}]},
    )  # fmt: skip
    (tmp_path / "run.json").write_text(report.as_json())
    assert read_report(tmp_path / "run.json") == report
    assert sum("**missed**" in line for line in tables(report.figures)) == 1
    write_markdown(report, tmp_path / "P.md")
    written = (tmp_path / "P.md").read_text()
    assert all(said in written for said in ("two cores", "not installed", "Start-up", "quick run", "flask 3"))


def test_every_case_is_run_and_divided_by_its_neighbour() -> None:
    ran = []
    cases = [
        Case(group="g", name="base", run=lambda: ran.append("base"), base=None),
        Case(group="g", name="other", run=lambda: ran.append("other"), base="base", aim=1e9),
    ]
    base, other = measure(cases, rounds=2, block=0.001)
    assert set(ran) == {"base", "other"}
    assert base.ratio is None
    assert other.ratio is not None


def test_two_cases_of_one_name_are_refused() -> None:
    with pytest.raises(ValueError, match="same name"):
        measure([Case(group="g", name="a", run=lambda: None, base=None)] * 2, rounds=1, block=0.001)


def test_a_plot_is_well_formed_and_has_a_line_for_each() -> None:
    lines = [
        Line(name="<ours> & co", points=[(1_000, 90), (1_000_000, 95)], ours=True),
        Line(name="b", points=[(1_000, 5e5)]),
    ]
    svg = ET.fromstring(plot("Growth & cost", x="rows", y="microseconds", lines=lines))
    texts = [one.text for one in svg.iter("{http://www.w3.org/2000/svg}text")]
    assert {"<ours> & co", "b", "Growth & cost", "1,000,000"} <= set(texts)
    assert len(list(svg.iter("{http://www.w3.org/2000/svg}circle"))) == 3


def test_more_machines_are_less_busy_and_let_nobody_wait_longer() -> None:
    mix = [(kind, replace(FIGURE, name=kind.case)) for kind in MIX]
    few, many = (replay(Load(rate=2_000, machines=machines, cores=4, view=3.0), mix, seconds=3) for machines in (2, 4))
    assert few.busy > many.busy > 0
    assert few.p99 >= many.p99
    assert few.busy == pytest.approx(2_000 * 3.1 / 1000 / 8, rel=0.15)
