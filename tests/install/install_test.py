#!/usr/bin/env python3
"""install_test - the package as its users meet it: installed, and then built upon.

    python3 tests/install/install_test.py SOURCE_DIR [options of unittest]

Installs into an empty prefix, where CMake and pkg-config find it for the programs of consumer/.
Some of these are also built with the source as a Meson subproject, as a folder of a CMake project,
by FetchContent, also with its source elsewhere, and on what CMake installed, after that moved.
Every program that is linked is run. They are header-only, but for most of CMake's, on
comments::compiled. Where a machine has vcpkg or Conan, their recipes are built, too. CXX names the
compiler. Needs no network (but for these two) and leaves nothing behind.
"""
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
import unittest
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))
from effort import IS_LONG, sample, size

CONSUMER = Path(__file__).resolve().parent / "consumer"

# The headers, or their folders, that only an adapter may bring.
THIRD_PARTIES = {"nlohmann", "httplib.h", "sqlite3.h", "openssl", "libpq-fe.h", "utf8proc.h",
                 "spdlog", "CLI", "kainjow", "cmark-gfm.h", "pugixml.hpp"}

# What a program writes into its CMakeLists.txt, and CMake's error; nothing if all is well.
STATEMENTS = {
    "find_package(comments {version} EXACT REQUIRED)": "",
    "find_package(comments {series} REQUIRED OPTIONAL_COMPONENTS nonsense)": "",
    "find_package(comments {series}.999 REQUIRED)": "comments-config.cmake, version: {version}",
    "find_package(comments 99.0 REQUIRED)": "comments-config.cmake, version: {version}",
    "find_package(comments REQUIRED COMPONENTS nonsense)":
        "there is no component nonsense; "
        "there are json, http, httplib, sqlite, postgres, rules, markdown, feed and compiled",
    "set(CMAKE_DISABLE_FIND_PACKAGE_SQLite3 TRUE)\n"
    "find_package(comments REQUIRED COMPONENTS sqlite)":
        "sqlite needs SQLite 3.38 or newer",
}

# Each of our packages in pkg-config, and a program that needs just that one.
PROGRAMS = {
    "comments": "tests/install/consumer/core.cpp",
    "comments-json": "tests/install/consumer/json.cpp",
    "comments-http": "tests/install/consumer/http.cpp",
    "comments-sqlite": "examples/sqlite.cpp",
    "comments-postgres": "tests/install/consumer/postgres.cpp",
    "comments-markdown": "tests/install/consumer/markdown.cpp",
    "comments-httplib": "tests/install/consumer/httplib.cpp",
    "comments-rules": "tests/install/consumer/rules.cpp",
    "comments-feed": "tests/install/consumer/feed.cpp",
}


def run(*command, text=None):
    """What the command printed. If it fails, so does the test, showing that."""
    command = [str(part) for part in command]
    ended = subprocess.run(command, input=text, text=True, check=False,
                           stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    if ended.returncode:
        raise AssertionError(f"{shlex.join(command)} exits {ended.returncode}:\n{ended.stdout}")
    return ended.stdout


def has_lmdb():
    return subprocess.run(["pkg-config", "--exists", "lmdb"], check=False).returncode == 0


def two_at_a_time(work, arguments):
    with ThreadPoolExecutor(2) as pool:
        return list(pool.map(work, arguments))


def sources_below(folder):
    return sorted(path.relative_to(folder).as_posix() for path in Path(folder).rglob("*.?pp"))


class Package(unittest.TestCase):
    source = CONSUMER.parent.parent.parent
    cxx = ["c++"]

    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory(prefix="comments-install-")
        cls.addClassCleanup(folder.cleanup)
        cls.folder = Path(folder.name)
        cls.prefix = cls.folder / "prefix"
        cls.include = cls.prefix / "include"
        build = cls.folder / "build"
        adapters = [f"-D{name}=enabled" for name in (
            "sqlite", "postgres", "http", "httplib", "rules", "markdown", "feed")]
        run("meson", "setup", build, cls.source, "--prefix", cls.prefix, "-Dserver=false",
            "-Dtests=false", "--wrap-mode=nodownload", *adapters)
        run("meson", "install", "-C", build)
        cls.version = cls.ask_pkg_config("--modversion", "comments")[0]

    @classmethod
    def ask_pkg_config(cls, *words):
        paths = [str(cls.prefix / "share/pkgconfig"), os.environ.get("PKG_CONFIG_PATH", "")]
        return run("env", "PKG_CONFIG_PATH=" + ":".join(filter(None, paths)),
                   "pkg-config", *words).split()

    def cmake_project(self, statements):
        """The folder of a new CMake project that consists of these."""
        project = Path(tempfile.mkdtemp(dir=self.folder))
        project.joinpath("CMakeLists.txt").write_text(
            "cmake_minimum_required(VERSION 3.16)\nproject(asking LANGUAGES CXX)\n"
            f"{statements}\n", "utf-8")
        return project

    def test_1_cmake_consumers_build_and_run(self):
        build = self.folder / "cmake"
        run("cmake", "-G", "Ninja", "-S", CONSUMER, "-B", build,
            f"-DCMAKE_PREFIX_PATH={self.prefix}")
        run("cmake", "--build", build)
        self.assertEqual(run(build / "core").strip(), self.version)
        for name in ("json", "rules", "feed"):
            run(build / name)
        self.assertEqual(run(build / "markdown"), "<p><em>Oi</em></p>\n")
        self.assertIn("Primeiro Post!", run(build / "served", build / "comments.db"))

    def test_1_cmake_finds_the_source_itself(self):
        moved = self.folder / "moved"
        build = self.folder / "cmake-source"
        run("cmake", "-S", self.source, "-B", build, "-DCOMMENTS_COMPONENTS=json")
        run("cmake", "--install", build, "--prefix", self.folder / "installed")
        shutil.move(self.folder / "installed", moved)
        self.assertEqual(sources_below(moved / "include"), sources_below(self.source / "include"))
        fetched = ("include(FetchContent)\nFetchContent_Declare(comments {})\n"
                   "FetchContent_MakeAvailable(comments)")
        ways = {
            "compiled": f'add_subdirectory("{self.source}" comments)',
            "fetched": fetched.format(f'SOURCE_DIR "{self.source}"'),
            "overridden": fetched.format('URL "https://example.com/none.tar.gz"'),
            "moved": f"find_package(comments {self.version} EXACT REQUIRED COMPONENTS json "
                     f'PATHS "{moved}" NO_DEFAULT_PATH)',
        }
        linked = {"compiled": "compiled"}
        options = {"overridden": [f"-DFETCHCONTENT_SOURCE_DIR_COMMENTS={self.source}"]}

        def build_and_run(name):
            project = self.cmake_project(
                f"{ways[name]}\n"
                f'add_executable(asking "{CONSUMER}/core.cpp")\n'
                "target_compile_options(asking PRIVATE -Wall -Wextra -Wpedantic -Wshadow "
                "-Wconversion -Wundef -Werror)\n"
                f"target_link_libraries(asking PRIVATE comments::{linked.get(name, 'json')})")
            run("cmake", "-G", "Ninja", "-S", project, "-B", project / "build",
                "-DCOMMENTS_COMPONENTS=json;compiled", *options.get(name, []))
            run("cmake", "--build", project / "build")
            return run(project / "build/asking").strip()

        self.assertEqual(two_at_a_time(build_and_run, ways), [self.version] * len(ways))

    def test_1_cmake_says_which_component_of_the_source_there_is_not(self):
        said = run("cmake", "-S", self.source, "-B", self.folder / "without",
                   "-DCOMMENTS_COMPONENTS=sqlite", "-DCMAKE_DISABLE_FIND_PACKAGE_SQLite3=TRUE")
        self.assertIn("There is no comments::sqlite: it needs SQLite 3.38 or newer", said)
        with self.assertRaises(AssertionError) as refused:
            run("cmake", "-S", self.source, "-B", self.folder / "without",
                "-DCOMMENTS_COMPONENTS=json;sqlit")
        self.assertIn("there is no component sqlit; there are json, http, httplib, sqlite,",
                      " ".join(str(refused.exception).split()))

    def test_2_pkg_config_finds_a_prefix_that_moved(self):
        moved = self.folder / "moved-prefix"
        shutil.copytree(self.prefix, moved)
        for word in ("--cflags", "--variable=compiled"):
            said = run("env", f"PKG_CONFIG_PATH={moved}/share/pkgconfig", "pkg-config", word,
                       "comments")
            self.assertIn(str(moved), said)
            self.assertNotIn(str(self.prefix), said)

    def test_1_cmake_installs_nothing_of_ours_with_another_project(self):
        prefix = self.folder / "around-prefix"
        project = self.cmake_project(f'add_subdirectory("{self.source}" comments)')
        run("cmake", "-S", project, "-B", project / "build", "-DCOMMENTS_COMPONENTS=json")
        run("cmake", "--install", project / "build", "--prefix", prefix)
        self.assertEqual(list(prefix.rglob("*")), [])

    def test_1_cmake_is_told_clearly_what_it_cannot_have(self):
        words = {"version": self.version, "series": self.version.rpartition(".")[0]}

        def said_against(statement):
            project = self.cmake_project(statement.format(**words))
            try:
                run("cmake", "-G", "Ninja", "-S", project, "-B", project / "build",
                    f"-DCMAKE_PREFIX_PATH={self.prefix}")
            except AssertionError as failure:
                return " ".join(str(failure).split())  # CMake breaks lines where it likes
            return ""

        for statement, said in zip(STATEMENTS, two_at_a_time(said_against, STATEMENTS)):
            with self.subTest(statement):
                expected = STATEMENTS[statement].format(**words)
                self.assertIn(expected, said)
                self.assertEqual(expected == "", said == "", said)

    def test_2_pkg_config_names_all_that_a_program_needs(self):
        linked = sample(PROGRAMS, 3)

        def build_and_run(package):
            program = self.folder / package
            flags = self.ask_pkg_config("--cflags", "--libs", package)
            if package not in linked:  # its headers are found; what it links is seen another day
                flags.append("-M")
            run(*self.cxx, "-std=c++20", self.source / PROGRAMS[package], "-o", program, *flags)
            return run(program) if package in linked else ""

        said = dict(zip(PROGRAMS, two_at_a_time(build_and_run, PROGRAMS)))
        for package, words in (("comments", self.version), ("comments-json", '"comments":1'),
                               ("comments-markdown", "<em>Oi</em>"),
                               ("comments-sqlite", "Primeiro Post!")):
            self.assertIn(words if package in linked else "", said[package])

    @unittest.skipUnless(has_lmdb(), "LMDB is not installed")
    def test_2_a_store_of_ones_own_keeps_the_installed_contract(self):
        program = self.folder / "lmdb"
        flags = self.ask_pkg_config("--cflags", "--libs", "comments-json", "lmdb")
        run(*self.cxx, "-std=c++20", CONSUMER / "lmdb.cpp", "-o", program, *flags)
        in_memory = Path("/dev/shm")  # there no test waits for a disk
        folder = in_memory if in_memory.exists() else self.folder
        self.assertIn("0 failed | 0 skipped", run("env", f"TMPDIR={folder}", program))

    def test_2_pkg_config_names_what_the_compiled_mode_compiles(self):
        """CMake's programs show that compiling it is enough."""
        source, = self.ask_pkg_config("--variable=compiled", "comments")
        self.assertEqual(Path(source).resolve(), self.include.resolve() / "comments/compiled.cpp")
        self.assertTrue(Path(source).exists())
        if IS_LONG:
            program = self.folder / "compiled"
            flags = self.ask_pkg_config("--cflags", "--libs", "comments-rules")
            run(*self.cxx, "-std=c++20", "-DCOMMENTS_COMPILED", "-DCOMMENTS_WITH_RULES",
                CONSUMER / "rules.cpp", source, "-o", program, *flags)
            run(program)

    def test_3_meson_consumers_build_and_run_with_a_subproject(self):
        project, build = self.folder / "meson", self.folder / "meson/build"
        shutil.copytree(CONSUMER, project)
        wraps = project / "subprojects"
        wraps.mkdir()
        wraps.joinpath("comments").symlink_to(self.source)
        wraps.joinpath("comments.wrap").write_text(
            "[wrap-file]\ndirectory = comments\n\n[provide]\n"
            "dependency_names = comments, comments-json, comments-http, comments-httplib, "
            "comments-sqlite, comments-postgres, comments-rules, comments-markdown, "
            "comments-feed\n", "utf-8")
        run("meson", "setup", build, project, "--buildtype=plain", "--wrap-mode=nodownload",
            "--force-fallback-for=comments", "-Dwerror=true", "-Dwarning_level=3",
            "-Dcpp_args=-Wshadow -Wconversion")
        built = ["core", "httplib", *size(
            [], ["http", "json", "rules", "feed", "markdown"])]
        run("meson", "compile", "-C", build, *built)
        said = {name: run(build / name) for name in built}
        self.assertEqual(said["core"].strip(), self.version)
        self.assertEqual(said.get("markdown", "<p><em>Oi</em></p>\n"), "<p><em>Oi</em></p>\n")

    # The recipes name a release; here they get this source. No machine of Debian's has the tools.
    @unittest.skipUnless(shutil.which("vcpkg"), "there is no vcpkg here")
    def test_3_vcpkg_builds_the_port(self):
        ports = self.folder / "ports/comments"
        shutil.copytree(self.source / "deploy/packaging/vcpkg", ports)
        port = ports / "portfile.cmake"
        port.write_text(re.sub(r"vcpkg_from_github\(.*?\n\)", f'set(SOURCE_PATH "{self.source}")',
                               port.read_text("utf-8"), count=1, flags=re.S), "utf-8")
        installed = self.folder / "vcpkg"
        run("vcpkg", "install", "comments[sqlite]", f"--overlay-ports={ports.parent}",
            f"--x-install-root={installed}")
        self.assertTrue(list(installed.glob("*/include/comments/comments.hpp")))

    @unittest.skipUnless(shutil.which("conan"), "there is no Conan here")
    def test_3_conan_builds_the_recipe_and_its_consumer(self):
        recipe = self.folder / "conan"
        shutil.copytree(self.source / "deploy/packaging/conan", recipe)
        conanfile = recipe / "conanfile.py"
        conanfile.write_text(conanfile.read_text("utf-8").replace(
            'get(self, **self.conan_data["sources"][self.version], strip_root=True)',
            f'copy(self, "*", "{self.source}", self.source_folder, excludes="build/*")'), "utf-8")
        run("conan", "profile", "detect", "--force")
        run("conan", "create", recipe, "--version", self.version, "--build=missing",
            "--settings=compiler.cppstd=20")

    def test_3_the_core_reaches_no_third_party(self):
        def reached(program):
            flags = self.ask_pkg_config("--cflags", "comments-sqlite", "comments-httplib")
            said = run(*self.cxx, "-std=c++20", "-M", *flags, CONSUMER / program)
            found = {part for path in said.split() for part in path.split("/")}
            return found & THIRD_PARTIES

        self.assertEqual(reached("core.cpp"), set())
        self.assertEqual(reached("served.cpp"), {"nlohmann", "httplib.h", "sqlite3.h", "openssl"})

    def test_4_every_header_is_installed(self):
        self.assertEqual(sources_below(self.include), sources_below(self.source / "include"))


if __name__ == "__main__":
    if len(sys.argv) < 2 or sys.argv[1].startswith("-"):
        sys.exit(__doc__)
    Package.source = Path(sys.argv.pop(1)).resolve()
    Package.cxx = shlex.split(os.environ.setdefault("CXX", "c++"))
    unittest.main(verbosity=2)
