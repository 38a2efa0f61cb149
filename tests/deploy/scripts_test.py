#!/usr/bin/env python3
"""deploy/migrate and deploy/smoke, as the pipeline and people run them.

AWS and terraform are two small programs here, first in PATH, that write down what they are asked
and answer as the real ones do; the service is a server of this test's.
"""

import http.server
import json
import os
import pathlib
import subprocess
import tempfile
import threading
import unittest

STACK = pathlib.Path(__file__).resolve().parent.parent.parent / "deploy"
SECONDS = 60

TERRAFORM = r"""#!/bin/sh
case $* in
  'output -raw secrets') printf 'arn:old arn:new' ;;
  'output -raw cluster') printf 'comments-staging' ;;
  'output -json migration') printf '{"cluster":"comments-staging"}' ;;
  'output -json database')
    printf '{"cluster":"arn:db","master_secret":"arn:master","password_secret":"arn:old"}' ;;
  *) exit 9 ;;
esac
"""

# ASKED is where it writes what it is asked; TASK and CODE are how the task starts and ends.
AWS = r"""#!/bin/sh
printf '%s\n' "$*" >>"$ASKED"
case "$1 $2" in
  'secretsmanager list-secret-version-ids')
    case $4 in arn:old) echo 0a1b ;; arn:new) echo None ;; esac ;;
  'secretsmanager get-random-password') echo "$PASSWORD" ;;
  'secretsmanager put-secret-value') cat /dev/stdin >>"$STORED" ;;
  'secretsmanager get-secret-value') echo "$PASSWORD" ;;
  'rds-data execute-statement') cat /dev/stdin >>"$SQL" ;;
  'ecs run-task') echo "$TASK" ;;
  'ecs wait') exit "${WAITED:-0}" ;;
  'ecs describe-tasks')
    case $* in *exitCode*) echo "$CODE" ;; *) echo 'Essential container exited' ;; esac ;;
  *) exit 9 ;;
esac
"""
TASK = "arn:aws:ecs:eu-west-3:1:task/comments-staging/0a1b"


class Migrate(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        for name, text in {"terraform": TERRAFORM, "aws": AWS}.items():
            (self.folder / name).write_text(text)
            (self.folder / name).chmod(0o755)
        self.asked, self.stored = self.folder / "asked", self.folder / "stored"
        self.sql = self.folder / "sql"

    def migrate(self, **how):
        environment = os.environ | {
            "PATH": f"{self.folder}:{os.environ['PATH']}", "ASKED": str(self.asked),
            "STORED": str(self.stored), "SQL": str(self.sql), "PASSWORD": "of48letters",
            "CODE": "0", "TASK": TASK} | how
        return subprocess.run([STACK / "migrate"], env=environment, text=True, timeout=SECONDS,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT)

    def test_it_runs_the_task_of_the_outputs_and_waits_for_its_end(self):
        answer = self.migrate()
        self.assertEqual(answer.returncode, 0, answer.stdout)
        asked = [line for line in self.asked.read_text().splitlines() if line.startswith("ecs ")]
        where = f"--cluster comments-staging --tasks {TASK}"
        request = '{"cluster":"comments-staging"}'
        self.assertTrue(asked[0].startswith(f"ecs run-task --cli-input-json {request} "), asked)
        self.assertEqual(asked[1], f"ecs wait tasks-stopped {where}")
        self.assertTrue(asked[2].startswith(f"ecs describe-tasks {where} "), asked)

    def test_it_fills_the_secret_that_is_empty_and_no_other(self):
        self.migrate()
        put = [line for line in self.asked.read_text().splitlines() if "put-secret-value" in line]
        self.assertEqual(len(put), 1)
        self.assertIn("--secret-id arn:new", put[0])
        self.assertEqual(self.stored.read_text(), "of48letters")

    def test_then_the_service_has_a_user_that_reads_and_writes_rows(self):
        self.migrate()
        asked = self.asked.read_text().splitlines()[-1]
        self.assertEqual(asked, "rds-data execute-statement --resource-arn arn:db --secret-arn "
                         "arn:master --database comments --sql file:///dev/stdin")
        sql = self.sql.read_text()
        for part in ("CREATE ROLE comments_app LOGIN;", "PASSWORD 'of48letters';",
                     "GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public"):
            self.assertIn(part, sql)
        self.assertRegex(sql, r"^DO \$\$ BEGIN\n(?s:.*)END \$\$$")

    def test_a_password_is_never_part_of_the_statement_otherwise(self):
        for password in ("x'; DROP TABLE comment; --", "$$", ""):
            self.assertEqual(self.migrate(PASSWORD=password).returncode, 1)
        self.assertFalse(self.sql.exists())

    def test_the_password_is_nowhere_visible(self):
        answer = self.migrate()
        self.assertNotIn("of48letters", answer.stdout + self.asked.read_text())

    def test_a_migration_that_fails_fails_the_deployment(self):
        answer = self.migrate(CODE="1")
        self.assertEqual(answer.returncode, 1)
        self.assertFalse(self.sql.exists())
        self.assertIn("failed with 1: Essential container exited", answer.stdout)
        self.assertIn("group /ecs/comments-staging, in the stream migration/migration/0a1b",
                      answer.stdout)

    def test_so_does_one_that_never_started(self):
        for code in ("None", ""):
            self.assertEqual(self.migrate(CODE=code).returncode, 1)
        answer = self.migrate(TASK="None")
        self.assertEqual(answer.returncode, 1)
        self.assertIn("was not started", answer.stdout)

    def test_so_does_one_that_does_not_end(self):
        self.assertNotEqual(self.migrate(WAITED="255").returncode, 0)


RELEASE = {"component": "comments", "version": "1.2.3", "commit": "abcdef012345"}
RIGHT = {"/version": (200, json.dumps(RELEASE, separators=(",", ":"))), "/readyz": (200, "ok"),
         "/status": (200, "<!doctype html>"),
         "/api/comment/list/smoke-test-of-a-release": (404, '{"status":"NOT-FOUND"}')}


class Smoke(unittest.TestCase):
    def smoke(self, answers, version="1.2.3+abcdef012345", tries=1):
        """`answers` is a path's answer, or a list of its answers one after the other."""
        turns = {path: list(answer) if isinstance(answer, list) else [answer]
                 for path, answer in answers.items()}

        class Service(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                left = turns[self.path]
                status, body = left.pop(0) if len(left) > 1 else left[0]
                self.send_response(status)
                self.end_headers()
                self.wfile.write(body.encode())

            def log_message(self, *_):
                pass

        with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Service) as server:
            threading.Thread(target=server.serve_forever, args=[0.01], daemon=True).start()
            answer = self.asked(f"http://127.0.0.1:{server.server_port}/", version, tries)
            server.shutdown()
        return answer

    def asked(self, url, version, tries=1):
        environment = os.environ | {"SMOKE_TRIES": str(tries), "SMOKE_PAUSE": "0"}
        return subprocess.run([STACK / "smoke", url, version], env=environment, text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=SECONDS)

    def test_a_release_that_serves_is_good(self):
        answer = self.smoke(RIGHT)
        self.assertEqual(answer.returncode, 0, answer.stdout)

    def test_one_that_comes_late_is_waited_for(self):
        old = (200, RIGHT["/version"][1].replace("abcdef", "fedcba"))
        answer = self.smoke(RIGHT | {"/version": [old, (502, ""), RIGHT["/version"]]}, tries=3)
        self.assertEqual(answer.returncode, 0, answer.stdout)

    def test_another_release_is_not_this_one(self):
        for version in ("1.2.4+abcdef012345", "1.2.3+abcdef012346", "1.2.3+abcdef01234", "1.2.3"):
            answer = self.smoke(RIGHT, version)
            self.assertEqual(answer.returncode, 1, version)
            self.assertIn('but says: {"component":"comments"', answer.stdout)

    def test_one_that_is_not_well_is_not_good(self):
        for path, status in (("/readyz", 503), ("/status", 500),
                             ("/api/comment/list/smoke-test-of-a-release", 503)):
            answer = self.smoke(RIGHT | {path: (status, "")})
            self.assertEqual(answer.returncode, 1, path)
            self.assertIn(f"{path} answers {status}", answer.stdout)

    def test_no_answer_is_not_good(self):
        with http.server.HTTPServer(("127.0.0.1", 0), http.server.BaseHTTPRequestHandler) as server:
            port = server.server_port
        self.assertEqual(self.asked(f"http://127.0.0.1:{port}", "1.2.3+abcdef012345").returncode, 1)

    def test_it_wants_to_know_what_to_look_for(self):
        answer = subprocess.run([STACK / "smoke", "http://127.0.0.1"], text=True, timeout=SECONDS,
                                stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        self.assertEqual(answer.returncode, 1)


if __name__ == "__main__":
    unittest.main(verbosity=2)
