#!/usr/bin/env python3
"""The stack: it is formatted, it is valid, its tests pass, and they bite.

    stack_test.py PACKAGES    the folder where npm put the packages of package.json

A breakage of breakages.toml is made in a copy of the stack of its own, and the test that is named
there must notice: by an assertion that fails, and not by an error of any other kind. One in five of
them is made, and all of them in `./dev test long`.
"""

import concurrent.futures
import pathlib
import re
import sys
import tempfile
import tomllib
import unittest

import terraform

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from effort import sample

PACKAGES = pathlib.Path(sys.argv.pop(1)).resolve()
MISSING = terraform.missing(PACKAGES)
BREAKAGES = sample(
    tomllib.loads((terraform.HERE / "breakages.toml").read_text())["breakage"], 8)
TWO = 2  # terraform at a time
NOTICED = {"Test assertion failed", "Missing expected failure"}


def setUpModule():
    """One provider and one copy for everything; what it knows of are the stack's resources."""
    global provider, stack
    if MISSING:
        return
    folder = tempfile.TemporaryDirectory()
    unittest.addModuleCleanup(folder.cleanup)
    stack = terraform.copy_of_stack(pathlib.Path(folder.name))
    provider = unittest.enterModuleContext(terraform.Provider(PACKAGES, stack))


@unittest.skipIf(MISSING, MISSING)
class Stack(unittest.TestCase):
    def accepted(self, folder, *arguments):
        answer = provider.terraform(folder, *arguments)
        self.assertEqual(answer.returncode, 0, answer.stdout)
        return answer.stdout

    def test_it_is_formatted(self):
        self.assertEqual(self.accepted(stack, "fmt", "-check", "-recursive"), "")

    def test_it_is_valid(self):
        self.accepted(stack, "validate")
        self.accepted(stack / "bootstrap", "validate")

    def test_both_environments_settings_give_a_stack(self):
        for environment in ("staging", "production"):
            with tempfile.TemporaryDirectory() as name:
                copy = terraform.copy_of_stack(pathlib.Path(name))
                settings = (copy / f"{environment}.tfvars").read_text()
                (copy / "tests/production.auto.tfvars").write_text(settings)
                self.assertRegex(settings, f'environment *= "{environment}"\n')
                self.accepted(copy, "test", "-filter=tests/settings.tftest.hcl")

    def test_its_tests_pass(self):
        self.accepted(stack, "test")
        self.accepted(stack / "bootstrap", "test")


class Text(unittest.TestCase):
    """What no plan shows, read from the files themselves."""

    def test_the_provider_is_pinned_exactly(self):
        for file in ("versions.tf", "bootstrap/versions.tf"):
            self.assertEqual(
                re.findall(r'version *= *"(.*)"', (terraform.STACK / file).read_text()),
                [">= 1.11, < 2.0", "6.25.0"], file)

    def test_the_state_is_shared_encrypted_and_locked(self):
        text = (terraform.STACK / "versions.tf").read_text()
        backend = re.search(r'backend "s3" \{(.*?)\}', text, re.DOTALL)[1]
        self.assertEqual(dict(re.findall(r"(\w+) *= *(\w+)", backend)),
                         {"encrypt": "true", "use_lockfile": "true"})

    def test_everything_is_tagged(self):
        self.assertRegex((terraform.STACK / "provider.tf").read_text(),
                         r"default_tags \{\s*tags = local\.tags\s*\}")

    def test_a_deployment_leaves_the_number_of_tasks_to_scaling(self):
        self.assertRegex((terraform.STACK / "ecs.tf").read_text(),
                         r"lifecycle \{\s*ignore_changes = \[desired_count\]\s*\}")

    def test_the_service_waits_for_what_it_needs(self):
        text = (terraform.STACK / "ecs.tf").read_text()
        needed = re.search(r'"aws_ecs_service" "app" .*depends_on = \[(.*?)\]', text, re.DOTALL)[1]
        self.assertEqual(set(re.findall(r"[\w.]+", needed)), {
            "aws_lb_listener.http", "aws_lb_listener.https", "aws_wafv2_web_acl_association.main",
            "terraform_data.migration"})

    def test_the_migration_waits_for_what_it_needs(self):
        text = (terraform.STACK / "migration.tf").read_text()
        needed = re.search(r"depends_on = \[(.*?)\]", text, re.DOTALL)[1]
        for name in ("aws_rds_cluster_instance.main", "aws_iam_role_policy.execution",
                     "aws_vpc_endpoint.interface", "aws_route_table_association.private"):
            self.assertIn(name, needed)

    def test_what_aws_upgrades_is_not_taken_back(self):
        self.assertRegex((terraform.STACK / "database.tf").read_text(),
                         r"lifecycle \{\s*ignore_changes = \[engine_version\]\s*\}")

    def test_states_cannot_be_destroyed(self):
        self.assertRegex((terraform.STACK / "bootstrap/state.tf").read_text(),
                         r"lifecycle \{\s*prevent_destroy = true\s*\}")

    def test_what_is_replaced_is_made_first(self):
        for file in ("alb.tf", "database.tf", "dns.tf"):
            self.assertRegex((terraform.STACK / file).read_text(),
                             r"lifecycle \{\s*create_before_destroy = true\s*\}", file)

    def test_every_resource_is_mocked(self):
        """One that is not has unknown values, and what is asked about them is not answered."""
        for folder in (terraform.STACK, terraform.STACK / "bootstrap"):
            mocks = (folder / "tests/mocks/aws.tfmock.hcl").read_text()
            used = {name for file in folder.glob("*.tf")
                    for name in re.findall(r'^resource "(aws_\w+)"', file.read_text(), re.M)}
            self.assertEqual(used, set(re.findall(r'^mock_resource "(\w+)"', mocks, re.M)))


def broken(breakage) -> terraform.subprocess.CompletedProcess:
    """What the test that is to notice says of a copy in which one line is another."""
    with tempfile.TemporaryDirectory() as name:
        copy = terraform.copy_of_stack(pathlib.Path(name))
        file = copy / breakage["file"]
        lines = file.read_text().splitlines()
        at = [line.strip() for line in lines].index(breakage["line"])
        lines[at] = breakage["becomes"]
        file.write_text("\n".join(lines) + "\n")
        noticing = f"-filter=tests/{breakage['noticed_by']}.tftest.hcl"
        return provider.terraform(file.parent, "test", noticing)


@unittest.skipIf(MISSING, MISSING)
class Breakages(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        pool = concurrent.futures.ThreadPoolExecutor(TWO)
        cls.addClassCleanup(pool.shutdown)
        cls.runs = [pool.submit(broken, breakage) for breakage in BREAKAGES]

    def judge(self, at):
        answer = self.runs[at].result()
        errors = set(re.findall(r"^Error: (.*)$", answer.stdout, re.MULTILINE))
        self.assertNotEqual(answer.returncode, 0, "nobody noticed")
        self.assertTrue(errors and errors <= NOTICED, answer.stdout)


def judged(at):
    return lambda self: self.judge(at)


for number, one in enumerate(BREAKAGES):
    told = re.sub(r"\W+", "_", f"{one['file']}: {one['line']} becomes {one['becomes']}")
    setattr(Breakages, f"test_{number + 1:02}_{told}", judged(number))

if __name__ == "__main__":
    unittest.main(verbosity=2)
