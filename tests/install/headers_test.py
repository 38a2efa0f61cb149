#!/usr/bin/env python3
"""headers_test - each header is complete, and none defines anything twice.

    python3 tests/install/headers_test.py INCLUDE_DIR [options of unittest]

Compiles each header alone, and each .ipp alone. Both do so with COMMENTS_COMPILED, where a header
brings no definitions: what it lacks can then not come from the .ipp of another. CXX names the
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

STRICT = ["-std=c++20", *"-Wall -Wextra -Wpedantic -Wshadow -Wconversion -Werror".split()]

# These take seconds to read, so they are read once. Precompiled, each stands before the file that
# is compiled. That hides nothing, because it is done only where the file includes it anyway, and
# the files that it includes first are compiled alone, too.
SLOW = ("nlohmann/json.hpp", "httplib.h")


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

    @classmethod
    @cache
    def reached(cls, name):
        """What it includes, and what those include, as far as they are ours."""
        found = set()
        for target in cls.includes(name):
            found.add(target)
            if target.startswith("comments/"):
                found |= cls.reached(target)
        return found

    @classmethod
    def precompile(cls, slow):
        """The options that bring these headers, precompiled."""
        if not slow:
            return []
        header = cls.folder / ("-".join(slow).replace("/", "_") + ".hpp")
        header.write_text("".join(f"#include <{name}>\n" for name in slow))
        run(*cls.cxx, *STRICT, "-x", "c++-header", header, "-o", f"{header}.gch")
        return ["-include", header]

    def compile_alone(self, names):
        slow = {name: tuple(s for s in SLOW if s in self.reached(name)) for name in names}
        sets = sorted(set(slow.values()))
        options = dict(zip(sets, at_once(self.precompile, sets)))

        def compile_one(name):
            run(*self.cxx, *STRICT, f"-I{self.include}", "-DCOMMENTS_COMPILED",
                *options[slow[name]], "-fsyntax-only", "-x", "c++", "-",
                text=f"#include <{name}>\n")

        at_once(compile_one, names)

    def test_1_every_header_compiles_alone(self):
        # One that another includes before all else is compiled alone there.
        first = {self.includes(name)[0] for name in self.headers if self.includes(name)}
        self.compile_alone([name for name in self.headers if name not in first])

    def test_2_all_definitions_compile_alone(self):
        self.compile_alone(self.definitions)

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
