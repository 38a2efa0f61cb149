"""lifecycle_test - how the server comes up, how it goes, and what it says meanwhile."""
import contextlib
import json
import re
import subprocess
import unittest
from signal import SIGINT, SIGTERM
from tempfile import TemporaryDirectory

from support import (AT_ONCE, NO_ANSWER, LEGACY_POST, PATIENCE, POST, Server, at_once, binary,
                     environment, free_port, main, read_answer, run, until)

MEMORY, SQLITE = ("--store", "memory:"), ("--store", "sqlite:comments.db")
NOW, LATER = ("--drain-delay", "0"), ("--drain-delay", "300")  # LATER: none of these tests waits it
COMMENT = {"content_id": "1", "body": "Primeiro Post!"}


def has_ipv6():
    try:
        return bool(free_port("::1"))
    except OSError:
        return False


class Test(unittest.TestCase):
    def assert_refuses_to_start(self, reason, *options, folder=None):
        """That the binary says one line with `reason` in it and leaves with 2."""
        done = run(*options, folder=folder)
        self.assertEqual((done.returncode, done.stdout), (2, ""), done.stderr)
        self.assertRegex(done.stderr, rf"\Acomments-server: .*{re.escape(reason)}.*\n\Z")


class Start(Test):
    def test_the_first_line_names_the_address(self):
        with Server(*MEMORY, *NOW) as server:
            first = server.events[0]
            self.assertEqual(list(first), ["time", "level", "event", "address", "store",
                                           "connections_max", "version", "commit"])
            self.assertEqual((first["level"], first["event"]), ("info", "listening"))
            self.assertEqual(first["address"], f"127.0.0.1:{server.port}")
            self.assertEqual(first["store"], "memory:")
            self.assertEqual(server.get("/healthz").status, 200)

    def test_port_0_finds_a_free_one_for_each(self):
        with Server(*MEMORY, *NOW) as one, Server(*MEMORY, *NOW) as other:
            self.assertNotEqual(one.port, other.port)
            for server in (one, other):
                self.assertEqual(server.get("/readyz").status, 200)

    def test_a_given_port_is_the_one_that_is_served(self):
        port = free_port()
        with Server(*MEMORY, *NOW, "--listen", f"127.0.0.1:{port}") as server:
            self.assertEqual(server.address, f"127.0.0.1:{port}")

    def test_no_host_means_every_address(self):
        with Server(*MEMORY, *NOW, "--listen", ":0") as server:
            self.assertEqual(server.address, f"0.0.0.0:{server.port}")
            self.assertEqual(server.get("/healthz").status, 200)
            self.assertEqual(run("--check", "--listen", server.address).returncode, 0)

    @unittest.skipUnless(has_ipv6(), "there is no IPv6 here")
    def test_ipv6_is_served(self):
        with Server(*MEMORY, *NOW, host="::1") as server:
            self.assertEqual(server.address, f"[::1]:{server.port}")
            self.assertEqual(server.get("/healthz").status, 200)
            self.assertEqual(run("--check", "--listen", server.address).returncode, 0)

    def test_a_second_server_on_the_same_file_is_refused(self):
        with Server(*SQLITE, *NOW) as server:
            server.post(POST, COMMENT)
            self.assert_refuses_to_start("another process is using it", *SQLITE, "--listen",
                                         "127.0.0.1:0", folder=server.folder)
            self.assertEqual(server.post(POST, COMMENT).json["version"], 2)
            self.assertEqual(len(server.get("/api/comment/list/1").json), 2)

    def test_a_second_server_on_the_same_port_is_refused(self):
        with Server(*MEMORY, *NOW) as server:
            self.assert_refuses_to_start(server.address, *MEMORY, "--listen", server.address)
            self.assertEqual(server.get("/readyz").status, 200)

    def test_a_port_can_be_served_again_at_once(self):
        with Server(*MEMORY, *NOW) as first:
            self.assertEqual(first.get("/healthz").status, 200)
            first.kill()
        with Server(*MEMORY, *NOW, "--listen", first.address) as second:
            self.assertEqual(second.get("/healthz").status, 200)

    def test_check_says_whether_a_server_is_ready(self):
        with Server(*MEMORY, *LATER) as server:
            check = ("--check", "--listen", server.address)
            done = run(*check)
            self.assertEqual((done.returncode, done.stdout, done.stderr), (0, "", ""))
            server.tell(SIGTERM)
            until(lambda: server.get("/readyz").status == 503, "the drain")
            done = run(*check)
            self.assertEqual(done.returncode, 1)
            self.assertRegex(done.stderr, r"\Acomments-server: .*not ready\n\Z")
            server.stop()
        done = run(*check)
        self.assertEqual(done.returncode, 1)
        self.assertRegex(done.stderr, r"\Acomments-server: .*does not answer\n\Z")


class Stop(Test):
    def test_sigterm_drains_while_it_still_serves(self):
        with Server(*MEMORY, *LATER) as server:
            self.assertEqual(server.get("/readyz").status, 200)
            server.tell(SIGTERM)
            until(lambda: server.get("/readyz").status == 503, "the drain")
            answer = server.get("/readyz")
            self.assertEqual(answer.json["code"], "unavailable")
            self.assertGreater(int(answer.headers["Retry-After"]), 0)
            self.assertEqual(server.get("/healthz").status, 200)
            self.assertEqual(server.post(POST, COMMENT).status, 201)
            server.stop()  # a second SIGTERM ends the delay
        events = {line["event"]: line for line in server.events}
        self.assertEqual(list(events), ["listening", "request", "draining", "stopped"])
        self.assertEqual(events["draining"]["signal"], "SIGTERM")

    def test_sigint_stops_at_once(self):
        for signals in ([SIGINT], [SIGTERM, SIGINT]):
            with Server(*MEMORY, *LATER) as server:
                for signal in signals:
                    server.tell(signal)
                server.wait()  # it would be in vain if the delay counted

    def test_a_server_can_be_stopped_while_it_comes_up(self):
        for _ in range(5):
            server = Server(*SQLITE, *NOW, folder=self.enterContext(TemporaryDirectory()))
            server.start()
            self.addCleanup(server.kill)
            until((server.folder / "comments.db-lock").exists, "the first thing that it does")
            server.stop()

    def test_an_idle_connection_does_not_hold_up_the_end(self):
        with Server(*MEMORY, *LATER) as server, server.connect() as connection:
            connection.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
            self.assertEqual(read_answer(connection).status, 200)
            server.tell(SIGINT)
            server.process.wait(AT_ONCE)

    def test_a_running_request_is_finished(self):
        body = json.dumps(COMMENT).encode()
        with Server(*SQLITE, *NOW) as server, server.connect() as connection:
            connection.sendall(b"POST /api/v1/comments HTTP/1.1\r\nHost: x\r\n"
                               b"Content-Type: application/json\r\nExpect: 100-continue\r\n"
                               b"Content-Length: %d\r\n\r\n" % len(body))
            interim = b""
            while not interim.endswith(b"\r\n\r\n"):  # which may come in pieces
                interim += connection.recv(1)
            self.assertIn(b"100 Continue", interim)  # so it is running
            server.tell(SIGTERM)
            until(lambda: not server.is_listening(), "the end of listening")
            connection.sendall(body)
            answer = read_answer(connection)
            self.assertEqual(answer.status, 201)
            connection.close()
            server.wait()
            with Server(*SQLITE, *NOW, folder=server.folder) as second:
                found = second.get(answer.headers["Location"])
                self.assertEqual(found.json["body"], COMMENT["body"])

    def test_every_request_of_a_crowd_is_finished_or_never_begun(self):
        with Server(*SQLITE, *NOW) as server:
            acknowledged = []

            def post_until_it_goes():
                with contextlib.suppress(*NO_ANSWER):
                    while True:
                        acknowledged.append(server.post(POST, COMMENT).json["id"])

            def stop():
                until(lambda: len(acknowledged) > 50, "some comments")
                server.stop()

            at_once([post_until_it_goes] * 8 + [stop])
            with Server(*SQLITE, *NOW, folder=server.folder) as second:
                stored = len(second.get("/api/comment/list/1").json)
                # A connection that was queued when listening ended goes without an answer, and
                # without a comment.
                self.assertEqual(stored, len(acknowledged))

    def test_the_database_is_closed_clean(self):
        for signal in (SIGTERM, SIGINT):
            with Server(*SQLITE, *NOW) as server:
                server.post(POST, COMMENT)
                self.assertTrue((server.folder / "comments.db-wal").exists())
                server.stop(signal)
                files = {path.name for path in server.folder.iterdir()}
                self.assertEqual(files - {"comments.db-lock"}, {"comments.db"})


class Log(Test):
    def test_each_request_is_one_line(self):
        asked = [("GET", "/healthz", None, "/healthz", 200),
                 ("POST", POST, COMMENT, POST, 201),
                 ("POST", LEGACY_POST, {}, LEGACY_POST, 422),
                 ("GET", "/api/v1/contents/1", None, "/api/v1/contents/{content_id}", 200),
                 ("HEAD", "/api/comment/list/1?x=y", None, "/api/comment/list/{content_id}", 200),
                 ("DELETE", "/version", None, "/version", 405),
                 ("GET", "/nothing", None, "-", 404)]
        with Server(*MEMORY, *NOW) as server:
            ids = [server.request(method, target, body).headers["X-Request-Id"]
                   for method, target, body, _, _ in asked]
        lines = [line for line in server.events if line["event"] == "request"]
        for line, request_id, (method, _, _, route, status) in zip(lines, ids, asked, strict=True):
            self.assertEqual(list(line), ["time", "level", "event", "request_id", "method",
                                          "route", "status", "duration_us"])
            self.assertRegex(line["time"], r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$")
            self.assertEqual([line[name] for name in list(line)[1:-1]],
                             ["info", "request", request_id, method, route, status])
            self.assertGreaterEqual(line["duration_us"], 0)
        self.assertEqual([line["event"] for line in server.events],
                         ["listening"] + ["request"] * len(asked) + ["draining", "stopped"])

    def test_a_request_that_could_not_even_be_read_is_a_line_too(self):
        with Server(*MEMORY, *NOW) as server:
            self.assertEqual(server.exchange(b"nonsense\r\n\r\n").status, 400)
        self.assertEqual([line["status"] for line in server.events if "status" in line], [400])

    def test_nothing_that_a_user_wrote_is_logged(self):
        word = "marker7391"
        comment = {"content_id": word, "body": word, "author": {
            "name": word, "email": f"{word}@example.com", "url": f"https://example.com/{word}"}}
        for level in ("info", "debug"):
            with Server(*SQLITE, *NOW, "--log-level", level) as server:
                headers = {"Idempotency-Key": word, "Referer": word, "User-Agent": word}
                self.assertEqual(server.post(POST, comment, headers).status, 201)
                self.assertEqual(server.post(POST, comment | {"body": 1}).status, 422)
                self.assertEqual(server.post(POST, f'{{"body":"{word}'.encode()).status, 415)
                server.post(LEGACY_POST, {"content_id": word, "comment": word,
                                            "email": f"{word}@example.com"})
                server.get(f"/api/comment/list/{word}")
                server.get(f"{POST}?content_id={word}&cursor={word}")
                server.get(f"/api/v1/contents/{word}", {"X-Request-Id": f"{word}@example.com"})
                server.get(f"/{word}")
                server.exchange(f"{word} /{word} HTTP/1.1\r\n{word}: {word}\r\n\r\n".encode())
            self.assertGreater(len(server.lines), 8)
            self.assertNotIn(word, server.log)
            self.assertNotIn("example.com", server.log)

    def test_text_is_for_people(self):
        with Server(*MEMORY, *NOW, "--log-format", "text") as server:
            request_id = server.get("/healthz").headers["X-Request-Id"]
        first, line, *_ = server.lines
        self.assertRegex(first, rf"^\S+Z info listening address={server.address} ")
        self.assertRegex(line, rf"^\S+Z info request request_id={request_id} method=GET "
                               r"route=/healthz status=200 duration_us=\d+$")

    def test_a_level_silences_what_is_below_it(self):
        for level in ("warn", "error", "off"):
            with Server(*MEMORY, *NOW, "--log-level", level, port=free_port()) as server:
                self.assertEqual(server.get("/nothing").status, 404)
            self.assertEqual(server.lines, [], level)

    def test_lines_are_whole_however_many_requests_there_are(self):
        with Server(*MEMORY, *NOW) as server:
            at_once([lambda: [server.get("/healthz") for _ in range(25)]] * 8)
        self.assertEqual(len(server.events), 200 + 3)
        self.assertEqual(len({line.get("request_id") for line in server.events}), 201)

    def test_a_log_without_a_reader_stops_nothing(self):
        server = Server(port=free_port())
        process = subprocess.Popen(
            [binary(), *MEMORY, *NOW, "--listen", f"{server.host}:{server.port}"],
            env=environment(), stderr=subprocess.PIPE)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        process.stderr.readline()
        process.stderr.close()
        for _ in range(3):
            self.assertEqual(server.get("/healthz").status, 200)
        process.terminate()
        self.assertEqual(process.wait(PATIENCE), 0)


if __name__ == "__main__":
    main()
