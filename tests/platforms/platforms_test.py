#!/usr/bin/env python3
"""platforms_test - what docs/library.md says of compilers, standard libraries and platforms.

    python3 tests/platforms/platforms_test.py SOURCE_DIR UNIT_TEST… [options of unittest]

UNIT_TEST are the sources of the core's unit tests. They run in 32 bits; small.cpp runs without
exceptions and on libc++, and all that needs no server is compiled for Windows and by the other
compilers of Debian 12, of which one is chosen by a seed. In `./dev test long` each of these runs
the unit tests, too. COMMENTS_COMPILERS names others, which must be there, with commas between:
"g++-13, clang++-17 -stdlib=libc++". What else a machine does not have is skipped, and said so.
"""
import os
import re
import shlex
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))
from effort import IS_LONG, sample, size

STRICT = ["-std=c++20", *"-Wall -Wextra -Wpedantic -Wshadow -Wconversion -Werror -O0".split()]
# Without these glibc's time ends in 2038, for everything in the program.
BITS_32 = ["-m32", "-D_FILE_OFFSET_BITS=64", "-D_TIME_BITS=64"]
WITHOUT_EXCEPTIONS = ["-fno-exceptions", "-fno-rtti"]
MINGW = "x86_64-w64-mingw32-g++-posix"
LIBCXX = "clang++-16 -stdlib=libc++"  # the oldest that is promised
COMPILERS = os.environ.get("COMMENTS_COMPILERS", f"clang++-15, clang++-16, clang++-19, {LIBCXX}")

# The adapters of layers that know no socket. What needs a library needs its header here.
PORTABLE = ["json/*.hpp", "http/*.hpp"]
ROUTES = ["auth/*.hpp", "api/*.hpp", "deployments/*.hpp"]
SERVERS = r"http/(httplib|epoll|wire)"


def listed(text):
    return [shlex.split(one) for one in text.split(",")]


class Platforms(unittest.TestCase):
    root = Path()
    unit_tests = []

    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory(prefix="comments-platforms-")
        cls.addClassCleanup(folder.cleanup)
        cls.folder = Path(folder.name)
        cls.tests = cls.root / "tests"
        cls.unit = cls.folder / "unit.cpp"
        cls.small = cls.tests / "platforms/small.cpp"
        subprocess.run([sys.executable, cls.tests / "unity.py", cls.unit, "--", *cls.unit_tests],
                       check=True)
        # Where compilers for other systems find nlohmann/json, and nothing else of this one.
        (cls.folder / "nlohmann").symlink_to("/usr/include/nlohmann")

    def call(self, *command):
        command = [str(part) for part in command]
        ended = subprocess.run(command, text=True, check=False, stdout=subprocess.PIPE,
                               stderr=subprocess.STDOUT)
        self.assertEqual(ended.returncode, 0, f"{shlex.join(command)}:\n{ended.stdout[-6000:]}")
        return ended.stdout

    def needs(self, compiler, package):
        """Skips the test if the compiler is not there, or makes no program for such a target."""
        if not self.has(compiler):
            self.skipTest(f"there is no {shlex.join(compiler)} (Debian's {package})")

    def has(self, compiler):
        text = "#include <string>\nint main() { return std::string{}.empty() ? 0 : 1; }\n"
        made = self.folder / "probe"
        try:
            return subprocess.run([*compiler, "-o", made, "-x", "c++", "-"], input=text, text=True,
                                  check=False, capture_output=True).returncode == 0
        except FileNotFoundError:
            return False

    def compile(self, compiler, source, *more):
        self.call(*compiler, *STRICT, f"-I{self.root / 'include'}", f"-I{self.tests}", source,
                  *more)

    def run_small(self, *compiler):
        program = self.folder / "small"
        self.compile(compiler, self.small, "-pthread", "-o", program)
        self.call(program)

    def run_unit_tests(self, *compiler):
        program = self.folder / "unit"
        self.compile(compiler, self.unit, self.tests / "main.cpp", "-pthread", "-o", program,
                     "-DDOCTEST_CONFIG_SUPER_FAST_ASSERTS")  # a tenth less to compile
        said = self.call(program, "--no-colors")
        passed = re.search(r"test cases:\s*(\d+) \|\s*(\d+) passed \| 0 failed", said)
        self.assertTrue(passed and int(passed[1]) > 500, said)

    def source_of(self, *patterns):
        """A source with comments.hpp and all headers that these are."""
        include = self.root / "include/comments"
        names = sorted(path.relative_to(include).as_posix() for pattern in patterns
                       for path in include.glob(pattern))
        names = [name for name in names if not re.match(SERVERS, name)]
        self.assertGreater(len(names), 10)
        source = self.folder / "portable.cpp"
        source.write_text("".join(f"#include <comments/{name}>\n"
                                  for name in ["comments.hpp", *names]))
        return source

    def test_the_unit_tests_of_the_core_pass_in_32_bits(self):
        for compiler in size(["clang++"], ["clang++", "g++"]):  # clang takes half as long
            self.needs([compiler, *BITS_32], "g++-multilib")
            self.run_unit_tests(compiler, *BITS_32)
        if IS_LONG:
            self.compile(["g++", *BITS_32, f"-I{self.folder}"], self.source_of(*PORTABLE),
                         "-fsyntax-only")

    def test_the_core_runs_without_exceptions_and_run_time_types(self):
        for compiler in size(["clang++"], ["clang++", "g++"]):  # clang refuses `try`, too
            self.run_small(compiler, *WITHOUT_EXCEPTIONS)

    def test_the_core_runs_on_libcxx(self):
        self.needs(shlex.split(LIBCXX), "clang-16, libc++-16-dev and libc++abi-16-dev")
        self.run_small(*shlex.split(LIBCXX))

    def test_all_but_servers_and_databases_compiles_for_windows(self):
        self.needs([MINGW], "g++-mingw-w64-x86-64-posix")
        how = size(["-fsyntax-only"],
                   [self.small, "-static", "-o", self.folder / "small.exe", "-lz"])
        self.compile([MINGW, f"-I{self.folder}"], self.source_of(*PORTABLE, *ROUTES),
                     "-DCOMMENTS_WITHOUT_OPENSSL", *how)

    def test_other_compilers_have_nothing_to_say(self):
        chosen = sample(listed(COMPILERS), 4)
        there = [compiler for compiler in chosen if self.has(compiler)]
        for compiler in there:
            # libstdc++ 12 calls deprecated what its own stable_sort uses.
            quiet = [*compiler, "-Wno-deprecated-declarations"]
            self.compile(quiet, self.source_of(*PORTABLE, *ROUTES), "-fsyntax-only")
            if IS_LONG:
                self.run_unit_tests(*quiet)
        if missing := [shlex.join(compiler) for compiler in chosen if compiler not in there]:
            # Whoever names them has them.
            end = self.fail if "COMMENTS_COMPILERS" in os.environ else self.skipTest
            end(f"there is no {' and no '.join(missing)}")


if __name__ == "__main__":
    if len(sys.argv) < 3 or sys.argv[1].startswith("-"):
        sys.exit(__doc__)
    Platforms.root = Path(sys.argv.pop(1)).resolve()
    Platforms.unit_tests = [name for name in sys.argv[1:] if name.endswith(".cpp")]
    sys.argv = [name for name in sys.argv if not name.endswith(".cpp")]
    unittest.main(verbosity=2)
