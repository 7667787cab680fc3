"""``make bench``: Ostiary and its peers side by side, in one run; medians, ratios, and whether the aims are met."""

import argparse
import sys

from benchmarks import ours
from benchmarks.measure import measure
from benchmarks.workplace import open_workplace


def main() -> None:
    """Measure, print, and write."""
    parser = argparse.ArgumentParser(prog="benchmarks", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a minute, for a look")
    parser.add_argument("--only", default="", help="cases whose name has this in it")
    options = parser.parse_args()
    with open_workplace() as place:
        found = [
            case for case in ours.cases(place, quick=options.quick) if case.base is None or options.only in case.name
        ]
        figures = measure(found, rounds=7 if options.quick else 31, block=0.02)
    for f in figures:
        print(
            f"{f.group:<20.20} {f.name:<60.60} {f.median:>9.1f} {f.ratio or 0:>7.2f} {f.aim} {f.met}", file=sys.stdout
        )


if __name__ == "__main__":
    main()
