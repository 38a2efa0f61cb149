#!/usr/bin/env python3
"""summary.py - one line about all test runs: `N passed, N failed`.

    summary.py LOG… [--skipped WHAT]…

Each LOG is the testlog.json of a `meson test`. A program that says how many cases it ran counts as
so many (doctest, unittest, node:test, tidy.py), any other as one; one that died without a word is
one failed, one that leaves with 77 is one skipped.
Exits with 1 if anything failed, or if nothing ran.
"""

import argparse
import json
import pathlib
import re
import sys

DOCTEST = re.compile(r"test cases:\s*\d+ \|\s*(\d+) passed \|\s*(\d+) failed \|\s*(\d+) skipped")
UNITTEST = re.compile(r"^Ran (\d+) tests? in .*\n\n(?:OK|FAILED)(?: \((.*)\))?$", re.MULTILINE)
NODE = re.compile(r"^ℹ (pass|fail|cancelled|skipped) (\d+)$", re.MULTILINE)
PLAIN = re.compile(r"^(?:[\w-]+: )?(\d+) (?:checks )?passed, (\d+) failed", re.MULTILINE)


def count(output: str) -> tuple[int, int, int]:
    """(passed, failed, skipped) as the program itself said them."""
    if found := DOCTEST.search(output):
        passed, failed, _ = map(int, found.groups())  # doctest's "skipped" are filtered-out cases
        return passed, failed, 0
    if found := UNITTEST.search(output):
        details = dict(re.findall(r"(\w+)=(\d+)", found[2] or ""))
        failed = int(details.get("failures", 0)) + int(details.get("errors", 0))
        skipped = int(details.get("skipped", 0))
        return int(found[1]) - failed - skipped, failed, skipped
    if found := dict(NODE.findall(output)):
        failed = int(found.get("fail", 0)) + int(found.get("cancelled", 0))
        return int(found.get("pass", 0)), failed, int(found.get("skipped", 0))
    if found := PLAIN.findall(output):
        passed, failed = map(int, found[-1])
        return passed, failed, 0
    return 0, 0, 0


def read(log: pathlib.Path) -> tuple[int, int, int]:
    """The sums of one run; what failed in it is shown."""
    sums = [0, 0, 0]
    lines = log.read_text(errors="replace").splitlines() if log.exists() else []
    for run in map(json.loads, lines):
        output = run.get("stdout", "") + "\n" + run.get("stderr", "")
        if run["result"] == "SKIP":  # it says why
            sums[2] += 1
            print(f"skipped: {output.strip()}")
            continue
        is_good = run["result"] == "OK"
        passed, failed, skipped = count(output)
        if is_good and passed + skipped == 0:
            passed = 1
        for why in sorted(set(re.findall(r"\.\.\. skipped ['\"](.*)['\"]$", output, re.MULTILINE))):
            print(f"skipped in {run['name']}: {why}")
        if not is_good:
            failed = max(failed, 1)
            print(f"\n--- {log.parent.parent.name}: {run['name']}: {run['result']}")
            print(output[-6000:])
        sums = [a + b for a, b in zip(sums, (passed, failed, skipped))]
    if not lines:
        print(f"\n--- {log.parent.parent.name}: no test ran")
        sums[1] += 1
    return tuple(sums)


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("logs", nargs="+", type=pathlib.Path)
    parser.add_argument("--skipped", action="append", default=[])
    chosen = parser.parse_args()
    passed = failed = 0
    skipped = len(chosen.skipped)
    for log in chosen.logs:
        more = read(log)
        print(f"{log.parent.parent.name}: {more[0]} passed, {more[1]} failed, {more[2]} skipped")
        passed, failed, skipped = passed + more[0], failed + more[1], skipped + more[2]
    for what in chosen.skipped:
        print(f"skipped: {what}")
    if skipped:
        print(f"{skipped} skipped in all")
    print(f"{passed} passed, {failed} failed")
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(main())
