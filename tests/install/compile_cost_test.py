#!/usr/bin/env python3
"""compile_cost_test - what it costs to include the library, held against nlohmann/json.hpp.

    python3 tests/install/compile_cost_test.py INCLUDE_DIR

Compared is what gcc allocates while it reads each (-O0 -fsyntax-only -ftime-report): unlike its
time, that is the same in every run, whatever else the machine does, and the time goes with it. The
time of one run is printed beside it. The sizes of objects are exact, too. CXX names the compiler.
"""
import os
import re
import resource
import shlex
import subprocess
import sys
import tempfile
from pathlib import Path

COMPILED = ["-DCOMMENTS_COMPILED"]

# What is included, how, and how many times as much as the first it may cost.
CASES = {
    "nlohmann/json.hpp": ("nlohmann/json.hpp", [], 1.0),
    "comments.hpp": ("comments/comments.hpp", [], 1.7),
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


def cost(cxx, header, options):
    """What the compiler allocates to read a header, in MB, and its time in seconds."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime
    said = subprocess.run(
        [*cxx, *options, "-fsyntax-only", "-ftime-report", "-x", "c++", "-"], text=True, check=True,
        input=f"#include <{header}>\n", capture_output=True).stderr
    seconds = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime - before
    found = re.search(r"^ TOTAL .* (\d+)([kM])$", said, re.M)
    if not found:
        sys.exit(f"compile_cost: {cxx[0]} does not say what it allocates, as gcc 12 does:\n{said}")
    return int(found[1]) / (1 if found[2] == "M" else 1024), seconds


def object_bytes(cxx, text, options):
    with tempfile.TemporaryDirectory() as folder:
        made = Path(folder) / "made.o"
        subprocess.run([*cxx, *options, "-c", "-x", "c++", "-", "-o", made], input=text, text=True,
                       check=True)
        return made.stat().st_size


def main(include):
    cxx = [*shlex.split(os.environ.get("CXX", "c++")), "-std=c++20", "-O0", f"-I{include}"]
    failed, first = 0, None
    for name, (header, options, limit) in CASES.items():
        megabytes, seconds = cost(cxx, header, options)
        first = first or megabytes
        print(f"{name}: {megabytes:.0f} MB, {megabytes / first:.2f} times, at most {limit:g}"
              f" ({seconds:.2f} s)")
        failed += megabytes / first > limit
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
