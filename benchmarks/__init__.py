"""Benchmarks of this checkout beside its peers: ``make bench``, or ``python -m benchmarks`` in their environment."""

import sys
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parent.parent
"""The checkout. What is measured is what stands here, and never another Ostiary that happens to be installed."""

if str(ROOT / "src") not in sys.path:
    sys.path.insert(0, str(ROOT / "src"))
