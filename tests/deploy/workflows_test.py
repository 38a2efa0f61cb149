#!/usr/bin/env python3
"""The pipeline: GitHub understands it, it keeps the rules, its commands are sound, and it deploys
in the right order.

    workflows_test.py PACKAGES    the folder where npm put the packages of package.json
"""

import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

import yaml

import terraform
import workflow_rules as rules

PACKAGES = pathlib.Path(sys.argv.pop(1)).resolve()
ROOT = terraform.STACK.parent
FILES = sorted(path for pattern in ("workflows/*.yml", "actions/*/action.yml")
               for path in (ROOT / ".github").glob(pattern))
WITHOUT_NODE = "" if shutil.which("node") and (PACKAGES / "node_modules").is_dir() else (
    "node and the packages of tests/deploy/package.json are not installed")


def workflow(name):
    return rules.parsed(ROOT / ".github/workflows" / f"{name}.yml")


@unittest.skipIf(WITHOUT_NODE, WITHOUT_NODE)
class Language(unittest.TestCase):
    """GitHub's own language service."""

    def said_of(self, *files):
        return subprocess.run(
            ["node", terraform.HERE / "lint_workflows.mjs", PACKAGES, *files], text=True,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=terraform.SECONDS)

    def test_github_understands_every_file(self):
        answer = self.said_of(*FILES)
        self.assertEqual((answer.returncode, answer.stdout), (0, ""))

    def test_it_would_say_if_it_did_not(self):
        ci = (ROOT / ".github/workflows/ci.yml").read_text()
        action = (ROOT / ".github/actions/record/action.yml").read_text()
        broken = {
            "workflow.yml": ci.replace("timeout-minutes", "timeout-hours"),
            "context.yml": ci.replace("matrix.compiler }}", "matrixx.compiler }}"),
            "expression.yml": ci.replace("failure()", "failed()"),
            "action.yml": action.replace("using: composite", "using: anything"),
        }
        with tempfile.TemporaryDirectory() as name:
            paths = [pathlib.Path(name, file) for file in broken]
            for path, text in zip(paths, broken.values()):
                self.assertNotIn(text, (ci, action))
                path.write_text(text)
            answer = self.said_of(*paths)
        self.assertEqual(answer.returncode, 1, answer.stdout)
        for path in paths:
            self.assertRegex(answer.stdout, rf"(?m)^{path}:\d+:\d+: ")


class Rules(unittest.TestCase):
    def test_every_file_keeps_them(self):
        self.assertGreaterEqual(len(FILES), 8)
        for path in FILES:
            with self.subTest(path.name):
                self.assertEqual(rules.faults(rules.parsed(path)), [])

    def test_every_pin_says_its_version_and_is_the_only_one(self):
        said = {}
        for path in FILES:
            for line in path.read_text().splitlines():
                if found := re.search(r"uses: ([\w./-]+)@(\S+)(.*)", line):
                    with self.subTest(path.name, line=line):
                        self.assertRegex(found[3], r"^ # v\d+\.\d+\.\d+$")
                        repository = "/".join(found[1].split("/")[:2])
                        pin = (found[2], found[3])
                        self.assertEqual(said.setdefault(repository, pin), pin)

    def test_each_rule_bites(self):
        for rule, name, path, value in BREAKAGES:
            with self.subTest(rule, path=path, value=value):
                folder = "actions" if "/" in name else "workflows"
                file = rules.parsed(ROOT / ".github" / folder / name)
                change(file, path.split("."), value)
                self.assertEqual({fault for fault, _ in rules.faults(file)}, {rule})

    def test_each_rule_is_bitten(self):
        known = {rule.__name__ for rule in rules.RULES}
        self.assertEqual({rule for rule, *_ in BREAKAGES}, known)


def change(node, path, value):
    """Sets what `path` leads to, appends where the path ends in +, takes away if it is None."""
    *way, last = path
    for key in way:
        node = node[int(key) if isinstance(node, list) else key]
    if last == "+":
        node.append(value)
    elif value is None:
        del node[last]
    else:
        node[last] = value


JOB, CHECKOUT = "jobs.everything.", "jobs.everything.steps.1."
STEP, ACTION_STEP = "jobs.everything.steps.0.", "runs.steps.0."
RECORD, TERRAFORM = "record/action.yml", "terraform/action.yml"
BREAKAGES = [  # a rule, a file, and what is done to it that this rule and no other must find
    ("events", "ci.yml", "on.pull_request_target", ""),
    ("events", "ci.yml", "on", ["push", "workflow_run"]),
    ("events", "ci.yml", "on", "issue_comment"),
    ("permissions", "ci.yml", "permissions", {"contents": "read"}),
    ("permissions", "ci.yml", "permissions", None),
    ("permissions", "ci.yml", JOB + "permissions", None),
    ("permissions", "ci.yml", JOB + "permissions", "write-all"),
    ("permissions", "ci.yml", JOB + "permissions.contents", "write"),
    ("timeouts", "ci.yml", JOB + "timeout-minutes", None),
    ("timeouts", "ci.yml", JOB + "timeout-minutes", "121"),
    ("timeouts", "ci.yml", JOB + "timeout-minutes", "0"),
    ("concurrency", "ci.yml", "concurrency", None),
    ("concurrency", "deploy.yml", "jobs.staging.concurrency", None),
    ("concurrency", "deploy.yml", "jobs.production.concurrency.cancel-in-progress", None),
    ("runners", "ci.yml", JOB + "runs-on", "ubuntu-latest"),
    ("runners", "ci.yml", JOB + "runs-on", "self-hosted"),
    ("runners", "ci.yml", JOB + "container.image", "debian"),
    ("runners", "deploy.yml", "jobs.build.strategy.matrix.include.0.runner", "ubuntu-latest"),
    ("pins", "ci.yml", JOB + "steps.+", {"name": "x", "uses": "actions/cache@v5"}),
    ("pins", "ci.yml", JOB + "steps.+", {"name": "x", "uses": "docker://alpine"}),
    ("pins", TERRAFORM, ACTION_STEP + "uses", "aws-actions/configure-aws-credentials@main"),
    ("checkouts", "ci.yml", CHECKOUT + "with.persist-credentials", "true"),
    ("checkouts", "ci.yml", CHECKOUT + "with", None),
    ("checkouts", "ci.yml", CHECKOUT + "with.ref", "main"),
    ("injection", "ci.yml", STEP + "run", "echo ${{ github.head_ref }}"),
    ("injection", "ci.yml", STEP + "run", 'echo x >>"$GITHUB_ENV"'),
    ("injection", "ci.yml", CHECKOUT + "with.script", "x"),
    ("injection", RECORD, ACTION_STEP + "run", "deploy/record ${{ inputs.status }}"),
    ("keys", "ci.yml", JOB + "env", {"TOKEN": "${{ secrets.TOKEN }}"}),
    ("keys", "ci.yml", JOB + "env", {"TOKEN": "${{ secrets['TOKEN'] }}"}),
    ("keys", "ci.yml", JOB + "secrets", "inherit"),
    ("keys", "deploy.yml", "jobs.image.steps.0.with.aws-access-key-id", "x"),
    ("keys", RECORD, ACTION_STEP + "env.KEY", "AKIA" + "A" * 16),
    ("roles", "ci.yml", JOB + "permissions.id-token", "write"),
    ("roles", "deploy.yml", "jobs.image.permissions.id-token", None),
    ("roles", "deploy.yml", "jobs.staging.environment", None),
    ("silence", "ci.yml", JOB + "continue-on-error", "true"),
    ("silence", "deploy.yml", "jobs.staging.steps.2.continue-on-error", "true"),
    ("silence", "ci.yml", STEP + "run", "apt-get update || true"),
    ("silence", RECORD, ACTION_STEP + "run", 'deploy/record "$STATUS" || :'),
    ("names", "ci.yml", "name", None),
    ("names", "ci.yml", JOB + "name", None),
    ("names", "ci.yml", STEP + "name", None),
    ("shells", "ci.yml", "defaults", None),
    ("shells", "ci.yml", STEP + "shell", "sh"),
    ("shells", RECORD, ACTION_STEP + "shell", None),
    ("own_actions", "deploy.yml", "jobs.staging.steps.1.with.state-bucket", None),
    ("own_actions", "deploy.yml", "jobs.staging.steps.1.with.bucket", "x"),
    ("own_actions", "deploy.yml", "jobs.image.steps.+", {"name": "x", "uses": "./.github/x"}),
    ("images", "deploy.yml", "jobs.build.steps.5.with.build-args", "VERSION=1\nCOMMIT=1\n"),
    ("images", "deploy.yml", "jobs.build.steps.5.env", {}),
]


class Commands(unittest.TestCase):
    def accepted(self, *scripts):
        answer = subprocess.run(["shellcheck", *scripts], text=True, stdout=subprocess.PIPE,
                                stderr=subprocess.STDOUT, timeout=terraform.SECONDS)
        self.assertEqual((answer.returncode, answer.stdout), (0, ""))

    def test_every_command_passes_shellcheck(self):
        with tempfile.TemporaryDirectory() as folder:
            commands = {f"{path.parent.name}-{path.name}-{number}": step["run"] for path in FILES
                        for number, step in enumerate(rules.steps(rules.parsed(path)))
                        if "run" in step}
            for name, command in commands.items():
                pathlib.Path(folder, name).write_text(f"#!/bin/bash\n{command}\n")
            self.assertGreater(len(commands), 30)
            self.accepted(*sorted(pathlib.Path(folder).iterdir()))

    def test_every_script_passes_shellcheck(self):
        scripts = [path for path in terraform.STACK.iterdir()
                   if path.is_file() and path.read_text().startswith("#!/bin/sh")]
        self.assertIn(terraform.STACK / "migrate", scripts)
        self.accepted(*scripts)


class Deployment(unittest.TestCase):
    def setUp(self):
        self.jobs = workflow("deploy")["jobs"]

    def place(self, job, name):
        """Where the one step of that name is."""
        [at] = [at for at, step in enumerate(self.jobs[job]["steps"]) if step["name"] == name]
        return at

    def test_production_comes_after_staging_and_staging_after_the_image(self):
        self.assertEqual(self.jobs["image"]["needs"], ["version", "build"])
        self.assertEqual(self.jobs["staging"]["needs"], ["version", "image"])
        self.assertEqual(self.jobs["production"]["needs"], ["version", "image", "staging"])

    def test_only_what_is_on_main_is_deployed_and_one_after_the_other(self):
        file = workflow("deploy")
        self.assertEqual(file["on"], {"push": {"branches": ["main"]}, "workflow_dispatch": ""})
        for name in ("staging", "production"):
            self.assertEqual(file["jobs"][name]["concurrency"], {
                "group": f"deploy-{name}", "cancel-in-progress": "false"})

    def test_both_environments_are_deployed_in_the_same_way(self):
        def steps(environment):
            text = yaml.dump(self.jobs[environment]["steps"])
            return text.replace(environment, "ENVIRONMENT")
        self.assertEqual(steps("staging"), steps("production"))
        for name in ("staging", "production"):
            self.assertEqual(self.jobs[name]["environment"]["name"], name)

    def test_the_database_is_migrated_before_the_service_rolls(self):
        order = [self.place("production", name) for name in (
            "Record that it begins", "See that the image is ours", "Apply what the migration needs",
            "Migrate the database", "Apply everything, the service last",
            "See that it is this release that answers", "Record how it ended")]
        self.assertEqual(order, sorted(order))
        steps = self.jobs["production"]["steps"]
        self.assertIn("-target=terraform_data.migration", steps[order[2]]["run"])
        self.assertEqual(steps[order[3]]["run"], "deploy/migrate")
        self.assertNotIn("-target", steps[order[4]]["run"])

    def test_how_it_ended_is_recorded_whatever_happened(self):
        for name in ("staging", "production"):
            *_, began, ended = self.jobs[name]["steps"]
            self.assertEqual(ended["with"]["status"], "${{ job.status }}")
            self.assertEqual(ended["if"], "always() && steps.after.outcome == 'success'")
            self.assertEqual(began["if"], ended["if"] + " && steps.begin.outcome != 'success'")

    def test_a_service_that_is_down_can_be_mended(self):
        """The start cannot be recorded then, so it is recorded at the end."""
        begins = self.jobs["production"]["steps"][self.place("production", "Record that it begins")]
        self.assertEqual((begins["id"], begins["continue-on-error"]), ("begin", "true"))
        self.assertLess(int(begins["with"]["tries"]), 10)

    def test_the_record_action_says_what_the_script_asks_for(self):
        action = rules.parsed(ROOT / ".github/actions/record/action.yml")
        [step] = action["runs"]["steps"]
        script = (terraform.STACK / "record").read_text()
        asked = set(re.findall(r"^#   (RECORD_\w+)", script, re.MULTILINE))
        self.assertEqual({name for name in step["env"] if name != "STATUS"}, asked)
        self.assertEqual(step["run"], 'deploy/record "$STATUS"')
        self.assertEqual(step["env"]["RECORD_RESPONSIBLE"], "${{ github.triggering_actor }}")

    def test_the_image_is_for_both_processors_and_named_by_its_digest(self):
        include = self.jobs["build"]["strategy"]["matrix"]["include"]
        self.assertEqual([one["architecture"] for one in include], ["amd64", "arm64"])
        for name in ("staging", "production"):
            self.assertEqual(self.jobs[name]["env"]["IMAGE"],
                             "${{ vars.ECR_REPOSITORY }}@${{ needs.image.outputs.digest }}")

    def test_the_image_is_scanned_and_signed_before_it_runs(self):
        steps = self.jobs["image"]["steps"]
        actions = [step["uses"].split("@")[0] for step in steps if "uses" in step]
        self.assertEqual(actions[-4:], [
            "anchore/sbom-action", "anchore/scan-action", "actions/attest-sbom",
            "actions/attest-build-provenance"])
        [scan] = rules.uses({"runs": {"steps": steps}}, "anchore/scan-action")
        self.assertEqual((scan["with"]["fail-build"], scan["with"]["severity-cutoff"]),
                         ("true", "high"))


class Updates(unittest.TestCase):
    def test_everything_that_is_pinned_is_watched(self):
        file = rules.parsed(ROOT / ".github/dependabot.yml")
        watched = {one["package-ecosystem"] for one in file["updates"]}
        self.assertEqual(watched, {"github-actions", "docker", "terraform", "npm"})
        for one in file["updates"]:
            for name in one.get("directories", [one.get("directory")]):
                found = list(ROOT.glob(name.strip("/") or "*"))
                self.assertTrue(found, name)
            self.assertGreaterEqual(int(one["cooldown"]["default-days"]), 7)


if __name__ == "__main__":
    unittest.main(verbosity=2)
