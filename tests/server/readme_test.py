"""readme_test.py - what README.md and docs/http-api.md tell people to type works as it stands.

    python3 tests/server/readme_test.py PATH_TO_SERVER
"""

import json
import pathlib
import re
import shutil
import subprocess
import unittest

import support

ROOT = pathlib.Path(__file__).resolve().parents[2]


def commands(name: str) -> list[str]:
    """The indented lines of a Markdown file that are commands."""
    lines = (ROOT / name).read_text().splitlines()
    return [line.strip() for line in lines if re.match(r"    (curl|\./dev) ", line)]


class Documents(unittest.TestCase):
    @unittest.skipUnless(shutil.which("curl"), "curl is not installed")
    def test_every_curl_line_gets_an_answer_in_json(self):
        for name in ("README.md", "docs/http-api.md"):
            with support.Server() as server:
                lines = [line for line in commands(name) if line.startswith("curl")]
                self.assertGreater(len(lines), 2)
                for line in lines:
                    with self.subTest(line):
                        typed = line.replace("localhost:8000", server.address)
                        answer = subprocess.run(
                            typed, shell=True, capture_output=True, text=True, check=True
                        )
                        self.assertNotIn("malformed", json.dumps(json.loads(answer.stdout)))

    def test_every_dev_command_is_one_that_dev_knows(self):
        known = subprocess.run(
            [ROOT / "dev", "help"], capture_output=True, text=True, check=True
        ).stdout
        for line in commands("README.md") + commands("CONTRIBUTING.md"):
            if line.startswith("./dev"):
                self.assertIn(" ".join(line.split()[:2]), known)

    def test_the_embedding_example_compiles(self):
        code = re.search(r"```cpp\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)[1]
        self.assertLessEqual(len(code.splitlines()), 20)
        flags = subprocess.run(
            ["pkg-config", "--cflags", "cpp-httplib", "nlohmann_json", "sqlite3", "libcrypto"],
            capture_output=True, text=True, check=True,
        ).stdout.split()
        compiler = [shutil.which("g++") or "c++", "-std=c++20", "-Wall", "-Wextra", "-Werror"]
        subprocess.run(
            [*compiler, "-fsyntax-only", f"-I{ROOT}/include", *flags, "-x", "c++", "-"],
            input=code, text=True, check=True,
        )


if __name__ == "__main__":
    support.main()
