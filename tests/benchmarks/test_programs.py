"""The benchmark programs, each once and small: that what they measure works, and that a part that fails says so."""

import subprocess
import sys
from contextlib import contextmanager
from dataclasses import replace

import pytest

from benchmarks import front, ours
from benchmarks.case import Case
from benchmarks.cases import Choice, chosen
from benchmarks.child import environment, install
from benchmarks.database_servers import Services
from benchmarks.growth import accounts, audit, roles, sessions
from benchmarks.growth.line import measured
from benchmarks.markdown import GROUPS
from benchmarks.report import Found, read_report
from benchmarks.workplace import Workplace


@contextmanager
def without_services(tell):
    yield Services(missing={"postgresql": "not here", "redis": "not here"})


@pytest.fixture
def place(tmp_path):
    return Workplace(folder=tmp_path)


def test_every_case_of_ours_runs_beside_what_it_is_divided_by(place) -> None:
    made = list(ours.cases(place, ours.Amounts(unseen=2, roles=(2, 20))))
    for case in made:
        case.run()
    names = [case.name for case in made]
    assert len(set(names)) == len(names)
    assert {case.base for case in made} - {None} <= set(names)
    assert {case.group for case in made} == set(GROUPS)


def test_only_the_cases_that_are_wanted_run_and_those_they_are_divided_by() -> None:
    made = [
        Case(group="g", name=name, run=int, base=base)
        for name, base in (("bare", None), ("hash", None), ("key", "bare"), ("sign-in", "hash"))
    ]
    assert [case.name for case in chosen(made, ("key",))] == ["bare", "key"]
    assert [case.name for case in chosen(made, ("key", "sign"))] == ["bare", "hash", "key", "sign-in"]
    assert chosen(made, ()) == made


@pytest.mark.parametrize(
    "subject",
    [
        lambda place: sessions.subject(place, [40, 80], []),
        lambda place: accounts.subject(place, [40, 80], []),
        lambda place: roles.subject(place, [40, 80], []),
        lambda place: audit.subject(place, [40, 80]),
    ],
)
def test_everything_that_grows_runs_at_each_size(place, subject) -> None:
    made = subject(place)
    table, chart = measured(made, rounds=1, tell=lambda _: None)
    assert [row["what"].strip("*") for row in table.rows] == [thing.name for thing in made.things]
    assert all({"40", "80", "most ÷ fewest", "aim"} <= set(row) for row in table.rows)
    assert all([size for size, _ in line.points] == [40, 80] for line in chart.lines)


def test_what_is_measured_at_the_start_is_compiled_as_an_installation_leaves_it(tmp_path) -> None:
    where = install(tmp_path)
    sources = {path.stem for path in where.rglob("*.py")}
    assert {path.name.split(".")[0] for path in where.rglob("*.pyc")} == sources
    asked = "import ostiary, sys; print(ostiary.__file__, ostiary.__cached__, sys.dont_write_bytecode)"
    said = subprocess.run(
        [sys.executable, "-c", asked], env=environment(where), cwd=where, capture_output=True, text=True, check=True
    )
    file, cached, kept_from_writing = said.stdout.split()
    assert file.startswith(str(where))
    assert (cached.endswith(".pyc"), kept_from_writing) == (True, "False")


def test_a_part_that_fails_is_reported_and_the_others_go_on(monkeypatch, tmp_path, capsys) -> None:
    def fail(run):
        raise RuntimeError("no such luck")

    monkeypatch.setitem(front.PARTS, "cases", fail)
    monkeypatch.setitem(front.PARTS, "storm", lambda run: Found(missing={"wind": "it is quiet"}))
    monkeypatch.setattr(front, "open_services", without_services)
    kept = tmp_path / "run.json"
    with pytest.raises(SystemExit) as ended:
        front.main(["cases", "storm", "--json", str(kept)])
    assert ended.value.code == 1
    report = read_report(kept)
    assert report.parts["cases"].found.missing == {"cases": "RuntimeError: no such luck"}
    assert report.parts["storm"].found.missing == {"wind": "it is quiet"}
    assert "no such luck" in capsys.readouterr().out


def test_a_part_that_is_measured_alone_leaves_the_others_as_they_were(monkeypatch, tmp_path) -> None:
    monkeypatch.setitem(front.PARTS, "storm", lambda run: Found(missing={"wind": "it is quiet"}))
    monkeypatch.setitem(front.PARTS, "cases", lambda run: Found(versions={"flask": "3"}))
    monkeypatch.setattr(front, "open_services", without_services)
    kept = tmp_path / "run.json"
    front.main(["cases", "--json", str(kept)])
    before = read_report(kept)
    front.main(["storm", "--quick", "--json", str(kept)])
    after = read_report(kept)
    assert after.parts["cases"] == before.parts["cases"]
    assert after.parts["storm"].stamp == replace(
        before.parts["cases"].stamp, quick=True, load=after.parts["storm"].stamp.load
    )


def test_a_look_writes_nothing(monkeypatch) -> None:
    monkeypatch.setitem(front.PARTS, "storm", lambda run: Found())
    monkeypatch.setattr(front, "open_services", without_services)
    before = (front.RUN.read_bytes(), front.PERFORMANCE.read_bytes())
    front.main(["storm", "--quick"])
    assert (front.RUN.read_bytes(), front.PERFORMANCE.read_bytes()) == before


def test_a_part_that_does_not_exist_is_refused(capsys) -> None:
    with pytest.raises(SystemExit):
        front.main(["strom"])
    assert "no part strom" in capsys.readouterr().err


def test_what_is_missing_is_said(monkeypatch, tmp_path) -> None:
    lacking = Services(missing={"redis": "none"})
    monkeypatch.setattr("benchmarks.cases.PEERS", ())
    monkeypatch.setattr(ours, "A_LOOK", ours.Amounts(unseen=2, roles=(2,)))
    run = front.Run(services=lacking, quick=True, choice=Choice(only=("API key",), rounds=1), tell=lambda _: None)
    found = front.PARTS["cases"](run)
    assert [figure.name for figure in found.figures] == [ours.BARE, "Ostiary, API key, one read a request (SQLite)"]
    assert found.missing == {"redis": "none"}
    monkeypatch.setattr("benchmarks.servers.shutil.which", lambda name: None)
    assert "wrk" in str(front.PARTS["servers"](run).missing)
