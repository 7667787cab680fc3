"""``make bench``: Ostiary and its peers side by side, in one run; medians, ratios, and whether the aims are met."""

import argparse
import json
import sys
import warnings
from pathlib import Path

from benchmarks.all_cases import all_cases
from benchmarks.measure import measure
from benchmarks.report import Report, describe_machine, further_tables, own_versions, tables, write_markdown
from benchmarks.workplace import open_workplace

RESULTS = Path("benchmarks/results")


def tell(line: str) -> None:
    """Say how far it is."""
    print(f"\r\033[K{line}", end="", file=sys.stderr, flush=True)


def main() -> None:
    """Measure, print, and write."""
    parser = argparse.ArgumentParser(prog="benchmarks", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a minute, for a look; writes nothing unless told where")
    parser.add_argument("--ours", action="store_true", help="without the peers")
    parser.add_argument("--rounds", type=int, help="rounds of all cases")
    parser.add_argument(
        "--only", default="", help="only the cases whose name has this in it, and what they are divided by"
    )
    parser.add_argument("--json", type=Path, help="where the figures go")
    parser.add_argument("--write", type=Path, help="where PERFORMANCE.md goes")
    options = parser.parse_args()
    # Peers warn of what they will drop; it is not what is measured.
    warnings.simplefilter("ignore")
    versions, missing = own_versions(), dict[str, str]()
    with open_workplace() as place:
        made = list(
            all_cases(place, quick=options.quick, peers=not options.ours, versions=versions, missing=missing, tell=tell)
        )
        wanted = [case for case in made if options.only in case.name]
        bases = {case.base for case in wanted}
        wanted = [case for case in made if case in wanted or case.name in bases]
        rounds = options.rounds or (7 if options.quick else 31)
        figures = measure(wanted, rounds=rounds, block=0.01 if options.quick else 0.02, tell=tell)
    tell("")
    further = {path.stem: json.loads(path.read_text()) for path in sorted(RESULTS.glob("*.table.json"))}
    report = Report(
        machine=describe_machine(),
        quick=options.quick,
        figures=figures,
        versions=versions,
        missing=missing,
        tables={rows["title"]: rows["rows"] for rows in further.values()},
    )
    print("\n".join([report.machine, "", *tables(figures)]))
    print("\n".join(further_tables(report.tables)))
    for name, why in missing.items():
        print(f"not measured: {name} ({why})")
    if options.json is not None:
        options.json.parent.mkdir(parents=True, exist_ok=True)
        options.json.write_text(report.as_json())
    if options.write is not None:
        write_markdown(report, options.write)


if __name__ == "__main__":
    main()
