#!/usr/bin/env python3
"""compile_cost_test - what it costs to include the library, held against nlohmann/json.hpp.

    python3 tests/install/compile_cost_test.py INCLUDE_DIR

Each round compiles every case once (-O0 -fsyntax-only), and the test compares the least time that
each took the compiler itself (user time), because what else the machine does can only add to it.
There are two rounds at least, and up to nine while a case is over its limit. The sizes of objects
are exact. CXX names the compiler.
"""
import os
import resource
import shlex
import subprocess
import sys
import tempfile
from pathlib import Path

COMPILED = ["-DCOMMENTS_COMPILED"]
ROUNDS_MAX = 9

# What is included, how, and how many times as long as the first it may take.
CASES = {
    "nlohmann/json.hpp": ("nlohmann/json.hpp", [], 1.0),
    "comments.hpp": ("comments/comments.hpp", [], 2.0),
    "comments.hpp, compiled mode": ("comments/comments.hpp", COMPILED, 0.95),
    "api/routes.hpp, compiled mode": ("comments/api/routes.hpp", COMPILED, 0.95),
}

# What is compiled to an object, how, and how many bytes that may have. A source that includes the
# library and uses nothing of it has nothing to compile; it would, if a class had a virtual function
# that is not inline where the class declares it (config.hpp).
PROGRAM = Path(__file__).resolve().parent / "consumer/core.cpp"
OBJECTS = {
    "ten lines with a store and a service, compiled mode": (PROGRAM.read_text(), COMPILED, 200_000),
    "nothing but comments.hpp": ("#include <comments/comments.hpp>\n", [], 10_000),
}


def seconds_of(command, text=None):
    """What the command and its children took, while nothing else is waited for."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime
    subprocess.run(command, input=text, text=True, check=True)
    return resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime - before


class Costs:
    def __init__(self, cxx):
        self.cxx = cxx
        self.seconds = {name: [] for name in CASES}

    def measure(self):
        for name, (header, options, _) in CASES.items():
            self.seconds[name].append(seconds_of(
                [*self.cxx, *options, "-fsyntax-only", "-x", "c++", "-"],
                f"#include <{header}>\n"))

    def ratio(self, name):
        first = next(iter(CASES))
        return min(self.seconds[name]) / min(self.seconds[first])

    def too_dear(self):
        return [name for name, (_, _, limit) in CASES.items() if self.ratio(name) > limit]


def object_bytes(cxx, text, options):
    with tempfile.TemporaryDirectory() as folder:
        made = Path(folder) / "made.o"
        subprocess.run([*cxx, *options, "-c", "-x", "c++", "-", "-o", made], input=text, text=True,
                       check=True)
        return made.stat().st_size


def main(include):
    cxx = [*shlex.split(os.environ.get("CXX", "c++")), "-std=c++20", "-O0", f"-I{include}"]
    costs = Costs(cxx)
    costs.measure()
    costs.measure()
    for _ in range(2, ROUNDS_MAX):
        if costs.too_dear():
            costs.measure()
    for name, (_, _, limit) in CASES.items():
        seconds = min(costs.seconds[name])
        print(f"{name}: {seconds:.2f} s, {costs.ratio(name):.2f} times, at most {limit:g}")
    failed = len(costs.too_dear())
    for name, (text, options, limit) in OBJECTS.items():
        size = object_bytes(cxx, text, options)
        print(f"the object of {name}: {size:,} bytes, at most {limit:,}")
        failed += size > limit
    print(f"compile_cost: {len(CASES) + len(OBJECTS) - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    sys.exit(main(Path(sys.argv[1]).resolve()))
