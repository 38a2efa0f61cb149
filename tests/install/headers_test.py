#!/usr/bin/env python3
"""headers_test - each header is complete, and none defines anything twice.

    python3 tests/install/headers_test.py INCLUDE_DIR [options of unittest]

Compiles each header alone, and each .ipp alone. Both do so with COMMENTS_COMPILED, where a header
brings no definitions: what it lacks can then not come from the .ipp of another. That takes a second
or two for each, so one in 36 is compiled, and all of them in `./dev test long`. CXX names the
compiler; the libraries' headers are where it finds them.
"""
import os
import re
import shlex
import subprocess
import sys
import tempfile
import unittest
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))
from effort import sample

STRICT = ["-std=c++20", *"-Wall -Wextra -Wpedantic -Wshadow -Wconversion -Werror".split()]

PARTS = 36


def run(*command, text=None):
    command = [str(part) for part in command]
    ended = subprocess.run(command, input=text, text=True, check=False,
                           stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    if ended.returncode:
        raise AssertionError(f"{shlex.join(command)} exits {ended.returncode}:\n{ended.stdout}")
    return ended.stdout


def at_once(work, arguments):
    """Does the work for each argument, on all processors; the first failure is raised."""
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        return list(pool.map(work, arguments))


class Headers(unittest.TestCase):
    include = Path()
    cxx = ["c++"]

    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory(prefix="comments-headers-")
        cls.addClassCleanup(folder.cleanup)
        cls.folder = Path(folder.name)
        files = [path.relative_to(cls.include).as_posix() for path in cls.include.rglob("*.?pp")]
        cls.headers = sorted(name for name in files if name.endswith(".hpp"))
        cls.definitions = sorted(name for name in files if name.endswith(".ipp"))

    @classmethod
    @cache
    def includes(cls, name):
        """What the file includes in the compiled mode."""
        text = (cls.include / name).read_text()
        text = re.sub(r"^#ifndef COMMENTS_COMPILED\n.*?^#endif", "", text, flags=re.M | re.S)
        return re.findall(r"^#\s*include [<\"](.+?)[>\"]", text, re.M)

    def compile_each(self, names):
        def compile_one(name):
            run(*self.cxx, *STRICT, f"-I{self.include}", "-DCOMMENTS_COMPILED", "-fsyntax-only",
                "-x", "c++", "-", text=f"#include <{name}>\n")

        at_once(compile_one, sample(names, PARTS))

    def test_1_every_header_is_complete(self):
        # One that another includes before all else is compiled alone there.
        first = {self.includes(name)[0] for name in self.headers if self.includes(name)}
        self.compile_each([name for name in self.headers if name not in first])

    def test_2_all_definitions_are_complete(self):
        self.compile_each(self.definitions)

    def test_3_any_number_of_units_may_include_every_header(self):
        """Without a macro all that headers define is inline: no other symbol would be weak."""
        made = self.folder / "all.o"
        run(*self.cxx, *STRICT, f"-I{self.include}", "-c", "-o", made, "-x", "c++", "-",
            text="".join(f"#include <{name}>\n" for name in self.headers))
        symbols = run("nm", "--defined-only", "--extern-only", "--format=posix", made)
        self.assertIn(" W ", symbols)
        strong = re.findall(r"^(\S+) [A-TX-Z] ", symbols, re.M)
        self.assertEqual(run("c++filt", *strong) if strong else "", "")


if __name__ == "__main__":
    if len(sys.argv) < 2 or sys.argv[1].startswith("-"):
        sys.exit(__doc__)
    Headers.include = Path(sys.argv.pop(1)).resolve()
    Headers.cxx = shlex.split(os.environ.get("CXX", "c++"))
    unittest.main(verbosity=2)
