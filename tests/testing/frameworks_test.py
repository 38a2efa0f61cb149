"""Promises are tests of each framework: each is counted, and a broken one is told in its words.

    frameworks_test.py NAME=PROGRAM…    doctest, gtest or catch2

Each program has three promises (testing/number_promises.hpp), of which one is broken on purpose.
"""
import re
import subprocess
import sys

# How each framework says that two tests passed and one failed.
COUNTS = {
    "doctest": r"test cases: 3 \| 2 passed \| 1 failed",
    "gtest": r"PASSED  \] 2 tests[\s\S]*FAILED  \] 1 test\b",
    "catch2": r"test cases: 3 \| 2 passed \| 1 failed",
}
# What each says of the broken one. doctest and Catch2 name the list as well, GoogleTest each.
WORDS = [
    r"number_promises\.hpp:\d+: made->store\(\) == before \+ 1",
    r"with 0 == 1",
    r'where the promise = "a number counts by itself"',
]


def faults(name, program):
    run = subprocess.run([program], capture_output=True, text=True)
    said = run.stdout + run.stderr
    if run.returncode == 0:
        yield f"{name}: a broken promise is no failure"
    wanted = [COUNTS[name], *WORDS]
    if name == "gtest":
        wanted.append(r"promises/numbers\.keeps/counts_by_itself")
    for pattern in wanted:
        if not re.search(pattern, said):
            yield f"{name}: does not say {pattern!r}:\n{said}"


def main(arguments):
    failed = 0
    for argument in arguments:
        found = list(faults(*argument.split("=", 1)))
        print("\n".join(found) if found else f"{argument.split('=')[0]}: as it should be")
        failed += bool(found)
    print(f"frameworks: {len(arguments) - failed} passed, {failed} failed")
    return 1 if failed or not arguments else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
