#!/usr/bin/env python3
"""packaging_test - the recipes for vcpkg and Conan are of this version, and have all of its parts.

    python3 tests/deploy/packaging_test.py [options of unittest]

Neither tool is in Debian, so the recipes are read here and not run.
"""
import ast
import json
import re
import unittest
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parents[2]
PACKAGING = ROOT / "deploy/packaging"
CONFIG = (ROOT / "include/comments/comments-config.cmake").read_text()
VERSION = re.search(r"^  version: '([\d.]+)'", (ROOT / "meson.build").read_text(), re.M)[1]
# Each adapter: those that it stands on, as include/comments/meson.build has it.
BELOW = {name: set(re.findall(r"'(\w+)'", below)) for name, below in re.findall(
    r"^  '(\w+)': \[\[(.*?)\], \[", (ROOT / "include/comments/meson.build").read_text(), re.M)}


def recipe():
    """The parts of the Conan recipe, without Conan."""
    tree = ast.parse((PACKAGING / "conan/conanfile.py").read_text())
    for node in tree.body:
        if isinstance(node, ast.Assign) and node.targets[0].id == "PARTS":
            return ast.literal_eval(node.value)
    raise AssertionError("the recipe has no PARTS")


class Packaging(unittest.TestCase):
    def test_the_port_is_of_this_version_and_has_every_adapter(self):
        port = json.loads((PACKAGING / "vcpkg/vcpkg.json").read_text())
        self.assertEqual(port["version"], VERSION)
        self.assertEqual(set(port["features"]), set(BELOW))
        for name, feature in port["features"].items():
            with self.subTest(name):
                self.assertTrue(feature["description"])
                below = {part for needed in feature["dependencies"] if isinstance(needed, dict)
                         for part in needed["features"]}
                self.assertEqual(below, BELOW[name])

    def test_the_port_builds_what_the_root_has(self):
        port = (PACKAGING / "vcpkg/portfile.cmake").read_text()
        cmake = (ROOT / "CMakeLists.txt").read_text()
        for option in re.findall(r"-D(\w+)=", port):
            self.assertIn(f"set({option} ", cmake)
        self.assertIn("CONFIG_PATH share/cmake/comments", port)
        self.assertIn("DESTINATION share/cmake/comments", cmake)
        self.assertTrue((ROOT / "LICENSE").exists())

    def test_the_recipe_is_of_this_version_and_has_every_adapter(self):
        data = yaml.safe_load((PACKAGING / "conan/conandata.yml").read_text())
        self.assertEqual(list(data["sources"]), [VERSION])
        self.assertEqual({name: set(below) for name, (below, _) in recipe().items()}, BELOW)
        self.assertTrue(all(libraries for _, libraries in recipe().values()))

    def test_every_adapter_is_a_component_of_the_package(self):
        for name in BELOW:
            self.assertIn(f"#   {name} ", CONFIG)

    def test_all_python_is_python(self):
        for path in PACKAGING.rglob("*.py"):
            ast.parse(path.read_text(), str(path))

    def test_the_page_names_this_version(self):
        self.assertIn(f"--version {VERSION} ", (PACKAGING / "README.md").read_text())


if __name__ == "__main__":
    unittest.main()
