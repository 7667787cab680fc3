"""``python -m benchmarks [part …]``: Ostiary and its peers side by side; what `make bench` and `make bench-growth` run."""

from benchmarks.front import main

if __name__ == "__main__":
    main()
