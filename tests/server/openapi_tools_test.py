"""openapi_tools_test - linters and a compiler of types read the server's description of itself.

    python3 tests/server/openapi_tools_test.py PATH_TO_SERVER

With the packages of tests/openapi/package-lock.json. Without them or without Node.js it says so and
leaves with 77, which counts as skipped, never as passed.
"""
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

from people import MODERATOR, SECRETS
from support import Server, main

ROOT = Path(__file__).resolve().parents[2]
TOOLS, FILE = ROOT / "tests/openapi", ROOT / "apps/server/openapi.json"
PACKAGES = ROOT / "build/node/openapi"


def node(script, *arguments):
    return subprocess.run(["node", script, *map(str, arguments)], capture_output=True, text=True)


class Tools(unittest.TestCase):
    def test_redocly_and_spectral_find_nothing_to_say(self):
        done = node(TOOLS / "lint.mjs", PACKAGES, FILE)
        self.assertEqual((done.returncode, done.stdout), (0, ""), done.stderr)

    def test_the_linters_do_find_what_is_wrong(self):
        with tempfile.TemporaryDirectory() as folder:
            worse = Path(folder) / "openapi.json"
            worse.write_text(FILE.read_text().replace('"security": [],', "", 1)
                             .replace('"description": "Nothing is stored.",', "", 1))
            said = node(TOOLS / "lint.mjs", PACKAGES, worse).stdout
        self.assertIn("redocly security-defined", said)
        self.assertIn("spectral operation-description", said)

    def test_types_made_of_it_compile_and_a_client_of_them_drives_the_server(self):
        with tempfile.TemporaryDirectory() as folder:
            done = node(TOOLS / "compile.mjs", PACKAGES, FILE, folder)
            self.assertEqual((done.returncode, done.stdout), (0, ""), done.stderr)
            with Server("--store", "memory:", "--drain-delay", "0", *SECRETS) as server:
                done = node(Path(folder) / "client.js", f"http://{server.address}", MODERATOR)
                self.assertEqual((done.returncode, done.stderr), (0, ""))


if __name__ == "__main__":
    if not shutil.which("node"):
        print("openapi tools: skipped: there is no Node.js")
        sys.exit(77)
    if not (PACKAGES / "node_modules/lock").exists():
        print("openapi tools: skipped: their packages are not installed; "
              "./dev test web installs them from the npm registry")
        sys.exit(77)
    main()
