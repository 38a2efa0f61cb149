"""Plays a job of a workflow on this machine: its commands are run, and what connects them is worked
out as GitHub does it. Actions of others are taken to do their work; our own are played, too.

    job = Job(workflow, "staging", workspace, contexts={"vars": {…}}, environment={…})
    status = job.play()
"""

import os
import pathlib
import re
import subprocess
import tempfile

import workflow_rules as rules

REFERENCE = re.compile(r"'[^']*'|\b[a-z]+(?:\.[\w-]+)+|\balways\(\)|&&|\|\||!(?!=)")
WORDS = {"&&": " and ", "||": " or ", "!": " not "}
SECONDS = 60  # of one command; so many only so that a broken one ends


class Job:
    def __init__(self, workflow, name, workspace, contexts, environment):
        self.job, self.workspace, self.environment = workflow["jobs"][name], workspace, environment
        self.contexts = contexts | {"job": {"status": "success"}}
        self.played, self.said = [], ""  # the names of the steps that were run, and their output

    def play(self):
        """How it ends: success or failure."""
        self.contexts["steps"] = {}
        self.all_of(self.job["steps"], self.job.get("env", {}))
        return self.contexts["job"]["status"]

    def all_of(self, steps, environment):
        """Whether all went well; the steps of an action end with its first failure."""
        for step in steps:
            outcome = self.one(step, environment)
            outputs = self.outputs if outcome == "success" else {}
            result = {"outcome": outcome, "outputs": outputs}
            self.contexts["steps"][step.get("id", "")] = result
            if outcome == "failure" and "continue-on-error" not in step:
                self.contexts["job"]["status"] = "failure"

    def one(self, step, environment):
        condition = step.get("if", "true")
        is_going_on = self.contexts["job"]["status"] == "success" or "always()" in condition
        if not is_going_on or not self.value(condition):
            return "skipped"
        self.played.append(step["name"])
        self.outputs = {}
        given = {name: self.text(value) for name, value in step.get("env", {}).items()}
        if "run" in step:
            return self.command(step["run"], self.all_text(environment) | given)
        if step["uses"].startswith("./"):
            return self.action(step, environment)
        return "success"

    def action(self, step, environment):
        """An action has inputs and steps of its own, and fails by itself."""
        described = rules.parsed(self.workspace / step["uses"] / "action.yml")
        defaults = {name: one.get("default", "") for name, one in described["inputs"].items()}
        inputs = defaults | self.all_text(step.get("with", {}))
        outer, self.contexts = self.contexts, self.contexts | {
            "inputs": inputs, "steps": {}, "job": {"status": "success"}}
        self.all_of(described["runs"]["steps"], environment)
        status = self.contexts["job"]["status"]
        self.outputs = self.all_text({name: one["value"]
                                      for name, one in described.get("outputs", {}).items()})
        self.contexts = outer
        return status

    def command(self, text, environment):
        with tempfile.NamedTemporaryFile("r") as output:
            ended = subprocess.run(
                ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", text], text=True,
                cwd=self.workspace, timeout=SECONDS, stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                env=os.environ | self.environment | environment | {"GITHUB_OUTPUT": output.name})
            self.said += ended.stdout
            self.outputs = dict(line.split("=", 1) for line in output.read().splitlines())
        return "failure" if ended.returncode else "success"

    def all_text(self, values):
        return {name: self.text(value) for name, value in values.items()}

    def text(self, value):
        """A text with its ${{ expressions }} worked out."""
        return re.sub(r"\$\{\{(.*?)\}\}", lambda found: str(self.value(found[1])), value)

    def value(self, expression):
        """Of an expression with references, texts, comparisons and logic; all that ours have."""
        def python(found):
            if found[0] in WORDS:
                return WORDS[found[0]]
            if found[0].startswith("'"):
                return found[0]
            return "True" if found[0] == "always()" else repr(self.lookup(found[0]))
        return eval(REFERENCE.sub(python, expression.strip()), {"true": True})

    def lookup(self, reference):
        """What a reference means; what there is not is an empty text."""
        found = self.contexts
        for key in reference.split("."):
            found = found.get(key, "") if isinstance(found, dict) else ""
        return found
