"""record_test - deploy/record against the built server, and against servers that misbehave."""
import contextlib
import json
import os
import shutil
import socket
import subprocess
import threading
import unittest
from pathlib import Path
from tempfile import TemporaryDirectory

from support import PATIENCE, Server, at_once, free_port, main, until

SCRIPT = Path(__file__).resolve().parents[2] / "deploy/record"
LOG, TOKEN = "/api/v1/deployments", "the-token-of-the-pipeline"
OPTIONS = ("--deploy-token", TOKEN, "--drain-delay", "0")
HARD = "\"quoted\" \\ 'single' $HOME `id` %s %% é \U0001f600 *"


class Run:
    """The script on its way. What it says on stderr is in `said`, line by line."""

    def __init__(self, url, status="success", **more):
        self.out = ""
        told = {"URL": url, "TOKEN": TOKEN, "COMPONENT": "comments", "VERSION": "1.2.0",
                "RESPONSIBLE": "ana", "RUN": "17"} | more
        clean = {name: value for name, value in os.environ.items()
                 if not name.startswith("RECORD_") and not name.lower().endswith("_proxy")}
        given = {f"RECORD_{name}": value for name, value in told.items() if value is not None}
        self.said = []
        self.process = subprocess.Popen(
            [SCRIPT, status] if status is not None else [SCRIPT], env=clean | given, text=True,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.reader = threading.Thread(target=lambda: self.said.extend(self.process.stderr))
        self.reader.start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.end()

    def end(self):
        """Its exit code, once it has one."""
        self.out = self.out if self.process.stdout.closed else self.process.stdout.read()
        code = self.process.wait(PATIENCE)
        self.reader.join()
        self.process.stdout.close()
        self.process.stderr.close()
        return code

    @property
    def errors(self):
        return "".join(self.said)


def run(*arguments, **more):
    with Run(*arguments, **more) as script:
        script.code = script.end()
        return script


def read_request(connection):
    """One request, whole."""
    read = b""
    while b"\r\n\r\n" not in read:
        read += connection.recv(65_536)
    head, _, body = read.partition(b"\r\n\r\n")
    length = int(head.lower().partition(b"content-length:")[2].split(b"\r\n")[0])
    while len(body) < length:
        body += connection.recv(65_536)
    return head + b"\r\n\r\n" + body


class Stub(threading.Thread):
    """Answers each request with the next of `answers`, a function of the request's bytes."""

    def __init__(self, *answers):
        super().__init__()
        self.answers, self.seen = answers, []
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self.listener.getsockname()[1]}"

    def run(self):
        for answer in self.answers:
            with contextlib.suppress(OSError):
                connection, _ = self.listener.accept()
                with connection:
                    self.seen.append(read_request(connection))
                    connection.sendall(answer(self.seen[-1]))

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        self.join()


def answering(status, body=b"", more=b""):
    return lambda _: (b"HTTP/1.1 %d X\r\n%sConnection: close\r\nContent-Length: %d\r\n\r\n%s"
                      % (status, more, len(body), body))


def records_of(server):
    return server.get(LOG + "?limit=200").json["items"]


@unittest.skipUnless(shutil.which("curl"), "curl is not installed")
class Recorded(unittest.TestCase):
    def setUp(self):
        self.folder = self.enterContext(TemporaryDirectory())

    def serve(self, port=None):
        return Server(*OPTIONS, folder=self.folder, port=port)

    def test_a_deployment_from_its_beginning_to_its_end(self):
        with self.serve() as server:
            for status in ("pending", "in_progress", "success"):
                script = run(f"http://{server.address}", status)
                self.assertEqual((script.code, script.errors), (0, ""))
                self.assertEqual(json.loads(script.out), records_of(server)[0])
            last = records_of(server)[0]
            self.assertEqual([one["status"] for one in records_of(server)],
                             ["success", "in_progress", "pending"])
            self.assertEqual((last["component"], last["version"], last["responsible"], last["run"]),
                             ("comments", "1.2.0", "ana", "17"))

    def test_a_step_that_is_said_again_is_one_record(self):
        with self.serve() as server:
            first, again = (run(f"http://{server.address}/") for _ in range(2))
            self.assertEqual((first.code, again.code), (0, 0))
            self.assertEqual(first.out, again.out)
            self.assertEqual(len(records_of(server)), 1)

    def test_the_service_goes_in_the_middle_and_comes_back(self):
        port = free_port()
        url = f"http://127.0.0.1:{port}"
        with self.serve(port):
            self.assertEqual(run(url, "pending").code, 0)
        with Run(url, "in_progress") as script:
            until(lambda: "again in 1 s (1 of 10)" in script.errors, "a try in vain")
            with self.serve(port) as server:
                self.assertEqual(script.end(), 0)
                self.assertEqual(run(url, "success").code, 0)
                self.assertEqual([one["status"] for one in records_of(server)],
                                 ["success", "in_progress", "pending"])

    def test_an_answer_that_is_lost_makes_no_second_record(self):
        with self.serve() as server:
            def forward(request):
                with server.connect() as connection:
                    last = b"\r\nConnection: close\r\n\r\n"
                    connection.sendall(request.replace(b"\r\n\r\n", last, 1))
                    return b"".join(iter(lambda: connection.recv(65_536), b""))

            def lose(request):
                self.assertIn(b" 201 ", forward(request))
                return b""

            def cut(request):
                return forward(request)[:-10]

            with Stub(lose, cut, forward) as stub:
                script = run(stub.url)
            self.assertEqual(script.code, 0, script.errors)
            self.assertEqual(len(stub.seen), 3)
            self.assertEqual(records_of(server), [json.loads(script.out)])

    def test_whatever_the_values_are_they_arrive(self):
        with self.serve() as server:
            script = run(f"http://{server.address}", COMPONENT=HARD, VERSION="-n \\n \\u0041",
                         RESPONSIBLE="@/etc/passwd", RUN="1\" ,\"status\":\"failure")
            self.assertEqual(script.code, 0, script.errors)
            record = records_of(server)[0]
            self.assertEqual(record["component"], HARD)
            self.assertEqual(record["version"], "-n \\n \\u0041")
            self.assertEqual(record["responsible"], "@/etc/passwd")
            self.assertEqual(record["run"], "1\" ,\"status\":\"failure")
            self.assertEqual(record["status"], "success")

    def test_a_value_of_several_lines_arrives_and_is_refused_by_its_field(self):
        with self.serve() as server:
            script = run(f"http://{server.address}", RESPONSIBLE="two\nlines")
            self.assertEqual(script.code, 1)
            self.assertIn('"errors":[{"pointer":"/responsible","code":"control_character"}]',
                          script.errors)
            self.assertEqual(records_of(server), [])

    def test_a_refused_record_is_reported_and_not_sent_again(self):
        with self.serve() as server:
            url = f"http://{server.address}"
            for status, told, why in [
                    ("success", {"TOKEN": "wrong"}, "answers 401"),
                    ("success", {"TOKEN": 'qu"o\\te'}, "answers 401"),
                    ("splendid", {}, '422: .*"/status"'),
                    ("success", {"COMPONENT": "x" * 101}, '422: .*"/component"'),
                    ("success", {"VERSION": "x" * 20_000}, "answers 413")]:
                with self.subTest(why):
                    script = run(url, status, **told)
                    self.assertEqual((script.code, script.out), (1, ""))
                    self.assertEqual(len(script.said), 1)
                    self.assertRegex(script.errors, f"^record: {status} is not recorded: .*{why}")
            self.assertEqual(records_of(server), [])

    def test_another_story_of_the_same_step_is_refused(self):
        with self.serve() as server:
            self.assertEqual(run(f"http://{server.address}").code, 0)
            script = run(f"http://{server.address}", VERSION="1.2.1")
            self.assertEqual(script.code, 1)
            self.assertIn("idempotency_reuse", script.errors)
            self.assertEqual(len(records_of(server)), 1)


@unittest.skipUnless(shutil.which("curl"), "curl is not installed")
class Alone(unittest.TestCase):
    def test_a_service_that_does_not_come_back_is_a_failure(self):
        script = run(f"http://127.0.0.1:{free_port()}", TRIES="2")
        self.assertEqual((script.code, script.out), (1, ""))
        self.assertIn("again in 1 s (1 of 2)", script.errors)
        self.assertIn("record: success is not recorded: the service does not answer, after 2 tries",
                      script.errors)

    def test_what_passes_is_tried_again_and_nothing_else(self):
        def try_with(status):
            to = b"Location: http://127.0.0.1:1/\r\n"
            with Stub(answering(status, more=to), answering(201, b"{}")) as stub:
                script = run(stub.url)
            return status, script.code, len(stub.seen), f"answers {status}" in script.errors

        passing, other = (408, 429, 500, 502, 503, 504), (200, 204, 301, 302, 400, 404, 409)
        tried = at_once([lambda status=status: try_with(status) for status in passing + other])
        self.assertEqual(tried, [(status, 0, 2, True) for status in passing] +
                         [(status, 1, 1, True) for status in other])

    def test_what_a_stranger_answers_is_one_line_of_the_log(self):
        page = b"<html>\r\n::error::forged\n" + b"x" * 100_000
        with Stub(answering(404, page)) as stub:
            script = run(stub.url)
        self.assertEqual(len(script.said), 1)
        self.assertLess(len(script.errors), 1200)

    def test_the_token_is_on_no_command_line_and_in_no_output(self):
        held = threading.Event()

        def hold(_):
            held.wait(PATIENCE)
            return answering(503)(_)

        with Stub(hold) as stub, Run(stub.url, TRIES="1") as script:
            until(lambda: stub.seen, "the request")
            lines = []
            for process in Path("/proc").glob("[0-9]*/cmdline"):
                with contextlib.suppress(OSError):
                    lines.append(process.read_bytes())
            held.set()
            self.assertEqual(script.end(), 1)
        self.assertTrue([line for line in lines if stub.url.encode() in line], "no curl was seen")
        self.assertFalse([line for line in lines if TOKEN.encode() in line])
        self.assertIn(f"Authorization: Bearer {TOKEN}".encode(), stub.seen[0])
        self.assertNotIn(TOKEN, script.errors + script.out)

    def test_every_character_is_sent_as_it_is(self):
        value = "".join(map(chr, range(1, 256))) + "\u2028\ufffd\U0001f600\n"
        with Stub(answering(201, b"{}")) as stub:
            self.assertEqual(run(stub.url, COMPONENT=value).code, 0)
        self.assertEqual(json.loads(stub.seen[0].partition(b"\r\n\r\n")[2])["component"], value)

    def test_missing_variables_are_named(self):
        for name in ("URL", "TOKEN", "COMPONENT", "VERSION", "RESPONSIBLE", "RUN"):
            with self.subTest(name):
                for value in (None, ""):
                    script = run("http://127.0.0.1:1", **{name: value})
                    self.assertEqual(script.code, 1)
                    self.assertEqual(script.errors, f"record: RECORD_{name} is not set\n")
        for told, why in [({"TRIES": "x"}, "RECORD_TRIES"), ({"TRIES": "0"}, "RECORD_TRIES"),
                          ({"TOKEN": "two\nlines"}, "RECORD_TOKEN"),
                          ({"TOKEN": "ü"}, "RECORD_TOKEN")]:
            script = run("http://127.0.0.1:1", **told)
            self.assertNotEqual(script.code, 0)
            self.assertRegex(script.errors, f"^record: {why}")
        for url in ("file:///etc/passwd", "ftp://127.0.0.1/", "http://[", "http://127.0.0.1:x"):
            with self.subTest(url):
                script = run(url)
                self.assertEqual(script.code, 1)
                self.assertIn("RECORD_URL is no address", script.errors)
        self.assertIn("deploy/record STATUS", run("http://127.0.0.1:1", None).errors)

    def test_it_reads_no_settings_of_its_user(self):
        with TemporaryDirectory() as home, Stub(answering(201, b"{}")) as stub:
            (Path(home) / ".curlrc").write_text('user-agent = "somebody\'s"\n')
            before = os.environ.get("HOME")
            os.environ["HOME"] = home
            try:
                self.assertEqual(run(stub.url).code, 0)
            finally:
                os.environ["HOME"] = before or "/"
        self.assertNotIn(b"somebody", stub.seen[0])


@unittest.skipUnless(shutil.which("shellcheck"), "shellcheck is not installed")
class Checked(unittest.TestCase):
    def test_shellcheck_has_nothing_to_say(self):
        done = subprocess.run(["shellcheck", SCRIPT], capture_output=True, text=True)
        self.assertEqual((done.returncode, done.stdout), (0, ""))


if __name__ == "__main__":
    main()
