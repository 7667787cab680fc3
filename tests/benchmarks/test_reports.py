"""The benchmarks' own arithmetic: what counts as slower, what a report keeps, what a plot draws, what a replay adds up to."""

from collections import Counter
from dataclasses import replace
from itertools import chain, count, cycle, repeat
from xml.etree import ElementTree as ET

import pytest

from benchmarks.case import Case
from benchmarks.compare import changes, lasting
from benchmarks.markdown import tables_of_cases, write_markdown
from benchmarks.measure import TURNS, Figure, measure
from benchmarks.plot import Chart, Line, plot
from benchmarks.report import Found, Part, Report, Stamp, Table, UnreadableReport, read_report
from benchmarks.servers import Turn, read_turn
from benchmarks.simulate import MIX, Load, replay
from benchmarks.writers import EXPECTED, rows

FIGURE = Figure(
    group="session guard", name="ours", ours=True, median=100, low=98, high=102, wall=110, ratio=2.0, aim=2.3,
    ratio_low=1.95, ratio_high=2.05, blocks=100,
)  # fmt: skip


def slower(before, after):
    return [change.slower for change in changes([before], [after])]


def test_what_noise_explains_is_not_slower_and_what_it_does_not_is() -> None:
    assert slower(FIGURE, replace(FIGURE, ratio=2.09)) == [False]
    assert slower(FIGURE, replace(FIGURE, ratio=2.2)) == [True]
    assert slower(FIGURE, replace(FIGURE, ratio=1.0)) == [False]
    # Few blocks that spread widely say little; many of them say it all the same.
    noisy = replace(FIGURE, ratio=2.3, ratio_low=2.1, ratio_high=2.5, blocks=4)
    assert slower(FIGURE, noisy) == [False]
    assert slower(FIGURE, replace(noisy, blocks=1_000)) == [True]
    # Unless they spread so widely that it is the machine which is not the same.
    restless = replace(noisy, ratio_low=1.8, ratio_high=3.4, blocks=1_000)
    assert slower(FIGURE, restless) == [False]
    assert slower(FIGURE, replace(restless, ratio=2.6)) == [True]


def test_only_what_is_ours_and_in_both_runs_is_compared() -> None:
    assert slower(replace(FIGURE, ours=False), FIGURE) == []
    assert slower(FIGURE, replace(FIGURE, name="another")) == []


def test_a_case_without_a_base_is_compared_by_its_microseconds() -> None:
    alone = replace(FIGURE, ratio=None, ratio_low=None, ratio_high=None, median=1.0, low=1.0, high=1.0, aim=2.0)
    assert slower(alone, replace(alone, median=1.5)) == [True]
    assert (alone.met, replace(alone, median=2.5).met, replace(alone, aim=None).met) == (True, False, None)


STAMP = Stamp(state="1.0 at abc", date="2026-11-30", machine="two cores", load=0.1, quick=True)
CHART = Chart(
    name="growth", title="Growth & cost", x="rows", y="microseconds",
    lines=[
        Line(name="<ours> & co", points=[(1_000, 90), (1_000_000, 95)], ours=True),
        Line(name="b", points=[(1_000, 5e5)]),
    ],
)  # fmt: skip


def test_a_report_is_read_as_it_was_written_and_says_what_was_missed(tmp_path) -> None:
    found = Found(
        figures=[FIGURE, replace(FIGURE, name="slow", ratio=9.0)],
        tables=[Table(title="Start-up", about="compiled", rows=[{"what": "import", "CPU, ms": "1"}])],
        charts=[CHART],
        versions={"flask": "3"},
        missing={"peer": "not installed"},
    )
    report = Report(parts={"cases": Part(found=found, stamp=STAMP, minutes=1.5)})
    (tmp_path / "run.json").write_text(report.as_json())
    again = read_report(tmp_path / "run.json")
    assert again == report
    # The columns as well: a part that is measured by itself writes the others again.
    assert list(again.parts["cases"].found.tables[0].rows[0]) == ["what", "CPU, ms"]
    assert sum("**missed**" in line for line in tables_of_cases(found.figures)) == 1
    write_markdown(report, ["cases", "storm"], tmp_path / "P.md")
    written = (tmp_path / "P.md").read_text()
    said = ("two cores", "1.0 at abc", "2026-11-30", "not installed", "Start-up", "compiled", "quick run", "flask 3")
    assert all(one in written for one in said)


def test_the_report_of_other_benchmarks_is_refused_with_the_cure(tmp_path) -> None:
    old = tmp_path / "old.json"
    for text in ("{}", "[]", "no JSON", '{"figures": [], "machine": "two cores"}', '{"parts": {"cases": {}}}'):
        old.write_text(text)
        with pytest.raises(UnreadableReport, match="make bench"):
            read_report(old)
    with pytest.raises(UnreadableReport):
        read_report(tmp_path / "none.json")


def test_what_looks_slower_is_measured_again_and_fails_only_if_it_looks_so_each_time() -> None:
    unlucky, slow, well = (replace(FIGURE, name=name) for name in ("unlucky", "slow", "well"))
    first = [replace(unlucky, ratio=3.0), replace(slow, ratio=3.0), well]
    asked = []

    def again(names):
        asked.append(list(names))
        return [
            replace(unlucky, ratio=2.0 if len(asked) == 1 else 9.0),
            replace(slow, ratio=2.9 if len(asked) == 1 else 3.5),
            replace(well, ratio=9.0),
        ]

    before = [unlucky, slow, well]
    found = lasting(before, list(changes(before, first)), again)
    assert {one.name: (one.slower, one.after) for one in found} == {
        "unlucky": (False, 2.0), "slow": (True, 2.9), "well": (False, 2.0),
    }  # fmt: skip
    assert asked == [["unlucky", "slow"], ["slow"]]


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


class Clock:
    """A clock that stands still but for what is waited and worked, in seconds."""

    def __init__(self) -> None:
        self.worked = self.passed = 0.0

    def spend(self, worked: float, waited: float) -> None:
        self.worked += worked
        self.passed += worked + waited

    def process_time(self) -> float:
        return self.worked

    def perf_counter(self) -> float:
        return self.passed


def test_a_ratio_is_of_work_or_of_time_that_passed_and_waiting_is_no_work(monkeypatch) -> None:
    clock = Clock()
    monkeypatch.setattr("benchmarks.measure.time", clock)
    cases = [
        Case(group="g", name="base", run=lambda: clock.spend(0.001, 0), base=None),
        Case(group="g", name="cpu", run=lambda: clock.spend(0.002, 0.008), base="base"),
        Case(group="g", name="wall", run=lambda: clock.spend(0.002, 0.008), base="base", by_wall=True),
    ]
    base, by_cpu, by_wall = measure(cases, rounds=4, block=0.05)
    assert (base.median, by_cpu.median, by_cpu.wall) == pytest.approx((1_000, 2_000, 10_000))
    assert (by_cpu.ratio, by_wall.ratio) == pytest.approx((2, 10))


def test_what_falls_into_the_first_runs_makes_no_block_of_a_single_cold_request(monkeypatch) -> None:
    clock, interruptions, ran = Clock(), chain([0, 1.0, 1.0], repeat(0)), count()
    monkeypatch.setattr("benchmarks.measure.time", clock)

    def run() -> None:
        next(ran)
        clock.spend(0.0001, next(interruptions))

    (figure,) = measure([Case(group="g", name="base", run=run, base=None)], rounds=5)
    assert figure.blocks == 5 * TURNS
    # 70 of a tenth of a millisecond fit into each, and 20 before it bring the caches back.
    assert next(ran) > figure.blocks * 85


def test_a_processor_that_changes_its_speed_changes_no_ratio(monkeypatch) -> None:
    clock, speed = Clock(), iter(cycle([1.0] * 700 + [1.6] * 700))
    monkeypatch.setattr("benchmarks.measure.time", clock)
    cases = [
        Case(group="g", name="base", run=lambda: clock.spend(0.0001 * next(speed), 0), base=None),
        Case(group="g", name="other", run=lambda: clock.spend(0.0002 * next(speed), 0), base="base"),
    ]
    base, other = measure(cases, rounds=20)
    assert base.high > base.low * 1.3
    assert other.ratio == pytest.approx(2, rel=0.02)
    assert other.uncertainty < 0.05


def test_a_processor_that_becomes_slower_and_slower_changes_no_ratio(monkeypatch) -> None:
    clock, speed = Clock(), count(1.0, 0.0005)
    monkeypatch.setattr("benchmarks.measure.time", clock)
    cases = [
        Case(group="g", name="base", run=lambda: clock.spend(0.0001 * next(speed), 0), base=None),
        Case(group="g", name="other", run=lambda: clock.spend(0.0002 * next(speed), 0), base="base"),
    ]
    _, other = measure(cases, rounds=20)
    # What comes before it is faster, what comes after it slower: both together are neither.
    assert other.ratio == pytest.approx(2, rel=0.003)


def test_a_plot_is_well_formed_and_has_a_line_for_each() -> None:
    svg = ET.fromstring(plot(CHART))
    texts = [one.text for one in svg.iter("{http://www.w3.org/2000/svg}text")]
    assert {"<ours> & co", "b", "Growth & cost", "1,000,000"} <= set(texts)
    assert len(list(svg.iter("{http://www.w3.org/2000/svg}circle"))) == 3


def test_a_plot_is_as_wide_as_the_names_of_its_lines() -> None:
    def width(name):
        chart = replace(CHART, lines=[Line(name=name, points=[(1, 1), (10, 2)])])
        return float(ET.fromstring(plot(chart)).get("viewBox").split()[2])

    # Letters of 13 pixels are some 7 wide, and bold ones 8.
    assert width("m" * 60) - width("m" * 10) >= 50 * 7


WRK = """
  Latency Distribution
     50%  {p50}
     99%   17.50ms
{more}
Requests/sec:   2964.25
"""


def test_what_wrk_says_is_read_and_a_refusal_is_no_figure() -> None:
    assert read_turn(WRK.format(p50="250us", more="")) == Turn(rate=2964.25, p50=0.25, p99=17.5)
    slow = WRK.format(p50="1.25s", more="  Socket errors: connect 0, read 0, write 0, timeout 3")
    assert read_turn(slow).p50 == 1250
    for broken in ("  Non-2xx or 3xx responses: 4", "  Socket errors: connect 0, read 2, write 0, timeout 0"):
        with pytest.raises(RuntimeError, match="refused"):
            read_turn(WRK.format(p50="1ms", more=broken))


def test_a_writer_that_lost_something_is_no_success() -> None:
    def verdict(told):
        return rows(Counter(told), 1.0)[-1]["times"]

    whole = dict.fromkeys(EXPECTED, 5)
    assert verdict(whole) == "met, 20 transactions a second"
    for lost in ({**whole, "seen 200": 4}, {**whole, "raised: database is locked": 5}, {}):
        assert "missed" in verdict(lost)


def test_more_machines_are_less_busy_and_let_nobody_wait_longer() -> None:
    mix = [(kind, replace(FIGURE, name=kind.case)) for kind in MIX]
    few, many = (replay(Load(rate=2_000, machines=machines, cores=4, view=3.0), mix, seconds=3) for machines in (2, 4))
    assert few.busy > many.busy > 0
    assert few.p99 >= many.p99
    assert few.busy == pytest.approx(2_000 * 3.1 / 1000 / 8, rel=0.15)
