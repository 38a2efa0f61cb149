#!/usr/bin/env python3
"""compile_cost_test - what it costs to include the library, held against nlohmann/json.hpp.

    python3 tests/install/compile_cost_test.py INCLUDE_DIR [ROUNDS]

Each round compiles every case once (-O0 -fsyntax-only), and the test compares the medians of the
compilers' own time (user time), so a busy machine changes little. A case that is over its limit is
measured for twice as many rounds more before it fails. CXX names the compiler.
"""
import os
import resource
import shlex
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

COMPILED = ["-DCOMMENTS_COMPILED"]

# What is included, how, and how many times as long as the first it may take.
CASES = {
    "nlohmann/json.hpp": ("nlohmann/json.hpp", [], 1.0),
    "comments.hpp": ("comments/comments.hpp", [], 2.3),
    "comments.hpp, compiled mode": ("comments/comments.hpp", COMPILED, 1.0),
    "api/routes.hpp, compiled mode": ("comments/api/routes.hpp", COMPILED, 2.5),
}

# A program of ten lines with a store and a service, and how large its object may be.
PROGRAM = Path(__file__).resolve().parent / "consumer/core.cpp"
OBJECT_BYTES_MAX = 1024 * 1024


def seconds_of(command, text=None):
    """What the command and its children took, while nothing else is waited for."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime
    subprocess.run(command, input=text, text=True, check=True)
    return resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime - before


class Costs:
    def __init__(self, cxx):
        self.cxx = cxx
        self.seconds = {name: [] for name in CASES}

    def measure(self, rounds):
        for _ in range(rounds):
            for name, (header, options, _) in CASES.items():
                self.seconds[name].append(seconds_of(
                    [*self.cxx, *options, "-fsyntax-only", "-x", "c++", "-"],
                    f"#include <{header}>\n"))

    def ratio(self, name):
        first = next(iter(CASES))
        return statistics.median(self.seconds[name]) / statistics.median(self.seconds[first])

    def too_dear(self):
        return [name for name, (_, _, limit) in CASES.items() if self.ratio(name) > limit]


def object_bytes(cxx):
    with tempfile.TemporaryDirectory() as folder:
        made = Path(folder) / "core.o"
        subprocess.run([*cxx, *COMPILED, "-c", PROGRAM, "-o", made], check=True)
        return made.stat().st_size


def main(include, rounds):
    cxx = [*shlex.split(os.environ.get("CXX", "c++")), "-std=c++20", "-O0", f"-I{include}"]
    costs = Costs(cxx)
    costs.measure(rounds)
    if costs.too_dear():
        costs.measure(2 * rounds)
    for name, (_, _, limit) in CASES.items():
        seconds = statistics.median(costs.seconds[name])
        print(f"{name}: {seconds:.2f} s, {costs.ratio(name):.2f} times, at most {limit:g}")
    size = object_bytes(cxx)
    print(f"the object of {PROGRAM.name}, compiled mode: {size:,} bytes, at most "
          f"{OBJECT_BYTES_MAX:,}")
    failed = len(costs.too_dear()) + (size > OBJECT_BYTES_MAX)
    print(f"compile_cost: {len(CASES) + 1 - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    sys.exit(main(Path(sys.argv[1]).resolve(), int(sys.argv[2]) if len(sys.argv) > 2 else 3))
