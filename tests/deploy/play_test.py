#!/usr/bin/env python3
"""A deployment played from its first step to its last, with the pipeline's own commands: against a
service of this test's, which keeps a log of deployments, and with an AWS that is a few lines of
shell.
"""

import http.server
import json
import pathlib
import shutil
import tempfile
import threading
import unittest

import job
import terraform
import workflow_rules as rules

ROOT = terraform.STACK.parent
VERSION, OLD, TOKEN = "1.2.3+abcdef012345", "1.2.2+000000000000", "a-token-of-the-pipeline"

# Each writes down what it is asked; files in $STATE say what happens.
TERRAFORM = r"""#!/bin/bash
[[ $1 != -chdir=* ]] || shift
echo "terraform $*" >>"$STATE/asked"
case "$1 $2 $3" in
  'output -json migration') echo '{"cluster":"comments-staging"}' ;;
  'output -json database') echo '{"cluster":"arn:db","master_secret":"m","password_secret":"p"}' ;;
  'output -json '*) [ -e "$STATE/standing" ] || { echo '{}'; exit; }
    printf '{"url":{"value":"%s"},"deploy_token_secret":{"value":"arn:token"}}' "$URL" ;;
  'output -raw url') [ -e "$STATE/standing" ] && printf %s "$URL" ;;
  'output -raw deploy_token_secret') printf arn:token ;;
  'output -raw cluster') printf comments-staging ;;
  'output -raw secrets') printf arn:token ;;
  'apply '*) [[ $* == *-target=* ]] || [ -e "$STATE/unappliable" ] || touch "$STATE/standing"
    [[ $* == *-target=* ]] || [ ! -e "$STATE/unappliable" ] ;;
esac
"""
AWS = r"""#!/bin/bash
echo "aws $*" >>"$STATE/asked"
case "$1 $2" in
  'secretsmanager list-secret-version-ids') echo 0a1b ;;
  'secretsmanager get-secret-value') [[ $4 == arn:token ]] && echo "$TOKEN" || echo password ;;
  'ecs run-task') echo arn:task ;;
  'ecs describe-tasks') [ -e "$STATE/unmigratable" ] && echo 1 || echo 0 ;;
esac
"""
GH = r"""#!/bin/bash
echo "gh $*" >>"$STATE/asked"
[ ! -e "$STATE/unsigned" ]
"""


class Service(http.server.BaseHTTPRequestHandler):
    """What the pipeline asks the service for. What it says of itself is in the server."""

    def do_GET(self):
        version, commit = self.server.release.split("+")
        said = {"component": "comments", "version": version, "commit": commit}
        status = 404 if self.path.startswith("/api/comment/list/") else 200
        self.answer(503 if self.server.is_down() else status, said)

    def do_POST(self):
        record = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        is_known = self.headers["Authorization"] == f"Bearer {TOKEN}"
        status = 503 if self.server.is_down() else 201 if is_known else 401
        if status == 201:
            self.server.records.append(record)
        self.answer(status, record)

    def answer(self, status, said):
        self.send_response(status)
        self.end_headers()
        self.wfile.write(json.dumps(said, separators=(",", ":")).encode())

    def log_message(self, *_):
        pass


class Deployment(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.workspace = pathlib.Path(folder.name)
        shutil.copytree(ROOT / ".github", self.workspace / ".github")
        shutil.copytree(terraform.STACK, self.workspace / "deploy")
        self.state = self.workspace / "state"
        self.state.mkdir()
        programs = {"terraform": TERRAFORM, "aws": AWS, "gh": GH, "sleep": "#!/bin/sh\n"}
        for name, text in programs.items():
            (self.state / name).write_text(text)
            (self.state / name).chmod(0o755)
        self.serve()

    def serve(self):
        self.service = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Service)
        self.service.release, self.service.records = VERSION, []
        self.service.is_down = lambda: (self.state / "down").exists()
        self.addCleanup(self.service.server_close)
        self.addCleanup(self.service.shutdown)
        threading.Thread(target=self.service.serve_forever, args=[0.01], daemon=True).start()

    def deploy(self, *happens):
        """How the job of staging ends, in a world in which these things happen."""
        for name in happens:
            (self.state / name).touch()
        contexts = {
            "vars": {"AWS_REGION": "eu-west-3", "ECR_REPOSITORY": "registry/comments",
                     "AWS_DEPLOY_ROLE": "arn:role", "STATE_BUCKET": "states"},
            "github": {"triggering_actor": "octocat", "run_id": "17", "run_attempt": "1"},
            "needs": {"version": {"outputs": {"version": VERSION}},
                      "image": {"outputs": {"digest": "sha256:0a1b"}}}}
        environment = {
            "PATH": f"{self.state}:{job.os.environ['PATH']}", "STATE": str(self.state),
            "URL": f"http://127.0.0.1:{self.service.server_port}", "TOKEN": TOKEN,
            "GITHUB_REPOSITORY": "octo-org/comments", "SMOKE_TRIES": "2"}
        workflow = rules.parsed(ROOT / ".github/workflows/deploy.yml")
        self.job = job.Job(workflow, "staging", self.workspace, contexts, environment)
        return self.job.play()

    def recorded(self):
        return [record["status"] for record in self.service.records]

    def asked(self):
        return (self.state / "asked").read_text()

    def test_a_release_is_recorded_before_and_after(self):
        self.assertEqual(self.deploy("standing"), "success", self.job.said)
        self.assertEqual(self.service.records, [
            {"component": "comments", "version": VERSION, "responsible": "octocat",
             "status": status, "run": "staging/17/1"} for status in ("in_progress", "success")])

    def test_what_it_deploys_is_the_image_that_was_built(self):
        self.deploy("standing")
        self.assertIn("gh attestation verify oci://registry/comments@sha256:0a1b ", self.asked())
        settings = json.loads((self.workspace / "deploy/release.auto.tfvars.json").read_text())
        self.assertEqual(settings, {"release": {
            "image": "registry/comments@sha256:0a1b", "version": VERSION,
            "responsible": "octocat"}})

    def test_the_database_is_migrated_before_the_service_rolls(self):
        self.deploy("standing")
        order = [self.asked().index(text) for text in (
            "-target=terraform_data.migration", "aws ecs run-task", "aws ecs wait",
            "aws rds-data execute-statement", "-auto-approve -var-file=staging.tfvars\n")]
        self.assertEqual(order, sorted(order))

    def test_the_first_release_is_recorded_at_its_end(self):
        self.assertEqual(self.deploy(), "success", self.job.said)
        self.assertEqual(self.recorded(), ["in_progress", "success"])
        self.assertNotIn("Record that it begins", self.job.played)

    def test_a_service_that_is_down_is_mended_and_both_steps_are_recorded(self):
        up = self.state / "terraform"
        up.write_text(TERRAFORM.replace('touch "$STATE/standing"', 'rm "$STATE/down"'))
        self.assertEqual(self.deploy("standing", "down"), "success", self.job.said)
        self.assertEqual(self.recorded(), ["in_progress", "success"])

    def test_a_service_that_stays_down_fails_the_job_loudly(self):
        self.assertEqual(self.deploy("standing", "down"), "failure")
        self.assertEqual(self.recorded(), [])
        self.assertIn("is not recorded", self.job.said)

    def test_a_migration_that_fails_leaves_the_service_alone(self):
        self.assertEqual(self.deploy("standing", "unmigratable"), "failure")
        self.assertNotIn("Apply everything, the service last", self.job.played)
        self.assertEqual(self.recorded(), ["in_progress", "failure"])

    def test_an_apply_that_fails_is_recorded(self):
        self.assertEqual(self.deploy("standing", "unappliable"), "failure")
        self.assertEqual(self.recorded(), ["in_progress", "failure"])

    def test_a_release_that_was_taken_back_is_a_failure(self):
        self.service.release = OLD
        self.assertEqual(self.deploy("standing"), "failure")
        self.assertEqual(self.recorded(), ["in_progress", "failure"])
        self.assertIn(f"is not {VERSION}", self.job.said)

    def test_an_image_that_is_not_ours_is_not_deployed(self):
        self.assertEqual(self.deploy("standing", "unsigned"), "failure")
        self.assertNotIn("terraform apply", self.asked())
        self.assertEqual(self.recorded(), ["in_progress", "failure"])

    def test_the_token_is_masked_before_anything_could_show_it(self):
        self.deploy("standing")
        self.assertIn(f"::add-mask::{TOKEN}\n", self.job.said)
        self.assertNotIn(TOKEN, self.job.said.replace(f"::add-mask::{TOKEN}\n", ""))


if __name__ == "__main__":
    unittest.main(verbosity=2)
