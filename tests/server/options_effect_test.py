"""options_effect_test - every option, given on the command line and in the environment."""
import base64
import contextlib
import json
import re
import sqlite3
import tempfile
import time
import unittest
from datetime import datetime
from pathlib import Path
from signal import SIGINT, SIGTERM

from options_test import MEMORY, NOW, OPTIONS, variable
from people import MODERATOR, QUEUE, SITE, bearer, jwt
from support import LEGACY_POST, POST, Server, free_port, main, read_answer, until


class Effect(unittest.TestCase):
    """Each option on the command line and in the environment, and which of the two wins.

    `check(server)` says whether the server does as it was told.
    """

    def assert_obeyed(self, option, value, other, check, store="memory:"):
        rest = [f"--{name}={quick}" for name, quick in (("store", store), ("drain-delay", "0"))
                if name != option]
        told = [f"--{option}={value}"]
        for way, options, env in [
                ("the variable", [], {variable(option): value}),
                ("the option before the variable", told, {variable(option): other})]:
            with self.subTest(way), Server(*options, *rest, env=env) as server:
                check(server)

    def test_an_empty_variable_is_none(self):
        with Server(env={variable(option): "" for option in OPTIONS}) as server:
            self.assertEqual(server.events[0]["store"], "sqlite:comments.db")
            server.stop(SIGINT)

    def test_listen(self):
        address = f"127.0.0.1:{free_port()}"
        self.assert_obeyed("listen", address, "127.0.0.1:0",
                           lambda server: self.assertEqual(server.address, address))

    def test_path_prefix(self):
        def check(server):
            made = server.post("/shown/below/api/v1/comments", {"content_id": "1", "body": "x"})
            self.assertTrue(made.headers["Location"].startswith("/shown/below/api/v1/comments/"))
            self.assertEqual(server.get(made.headers["Location"]).status, 200)

        self.assert_obeyed("path-prefix", "/shown/below/", "/other", check)

    def test_store(self):
        def check(server):
            server.post(POST, {"content_id": "1", "body": "x"})
            self.assertTrue((server.folder / "mine.db").exists())
            self.assertFalse((server.folder / "other.db").exists())
            self.assertEqual(server.events[0]["store"], "sqlite:mine.db")

        self.assert_obeyed("store", "sqlite:mine.db", "sqlite:other.db", check)

    def test_the_default_store_is_a_file_here(self):
        with Server(*NOW) as server:
            self.assertTrue((server.folder / "comments.db").exists())

    def test_log_level(self):
        def check(server):
            self.assertEqual(server.get("/healthz").status, 200)
            server.stop()
            self.assertEqual(server.lines, [])

        for way, options, env in [("the option", ["--log-level=error"], {}),
                                  ("the variable", [], {"COMMENTS_LOG_LEVEL": "error"}),
                                  ("both", ["--log-level=error"], {"COMMENTS_LOG_LEVEL": "info"})]:
            with self.subTest(way), Server(*MEMORY, *NOW, *options, env=env,
                                           port=free_port()) as server:
                check(server)

    def test_log_format(self):
        self.assert_obeyed("log-format", "text", "json",
                           lambda server: self.assertRegex(server.lines[0], "^2.* listening "))

    def test_legacy_emails(self):
        def check(server):
            server.post(LEGACY_POST, {"content_id": 1, "comment": "x",
                                        "email": "matheus@example.com"})
            self.assertEqual(server.get("/api/comment/list/1").json,
                             [{"email": "", "comment": "x"}])

        self.assert_obeyed("legacy-emails", "hide", "show", check)

    def test_edit_window(self):
        def check(server):  # an edit token begins with the moment at which it expires
            made = server.post(POST, {"content_id": "1", "body": "x"}).json
            expires = base64.urlsafe_b64decode(made["edit_token"].split(".")[0] + "==")
            posted = datetime.fromisoformat(made["created_at"]).timestamp()
            self.assertEqual(int(expires) - round(posted * 1000), 77_000)

        self.assert_obeyed("edit-window", "77", "78", check)

    def test_drain_delay(self):
        def check(server):
            server.tell(SIGTERM)
            until(lambda: server.get("/readyz").status == 503, "the drain")
            server.stop()

        self.assert_obeyed("drain-delay", "300", "0", check)

    def test_cache_bytes(self):
        def check(server):
            server.post(POST, {"content_id": "1", "body": "x"})
            for _ in range(3):
                self.assertEqual(server.get(POST + "?content_id=1").status, 200)
            metrics = server.get("/metrics").body.decode()
            self.assertIn("comments_page_cache_hits_total 0\n", metrics)
            self.assertIn("comments_page_cache_bytes 0\n", metrics)

        self.assert_obeyed("cache-bytes", "0", "67108864", check)

    def test_threads(self):
        comment = json.dumps({"content_id": "1", "body": "x"}).encode()
        post = (b"POST /api/v1/comments HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n"
                b"Connection: close\r\nContent-Length: %d\r\n\r\n%s" % (len(comment), comment))

        def running(server):
            text = server.get("/metrics").body.decode()
            return int(re.search(r"^comments_http_requests_running (\d+)$", text, re.M)[1])

        def check(server):
            with contextlib.ExitStack() as stack:
                other = stack.enter_context(
                    contextlib.closing(sqlite3.connect(server.folder / "comments.db")))
                other.execute("BEGIN IMMEDIATE")  # so every write has to wait
                clients = [stack.enter_context(server.connect()) for _ in range(3)]
                for client in clients:
                    client.sendall(post)
                until(lambda: running(server) == 2, "one that posts, and the one who asks")
                other.rollback()
                for client in clients:
                    self.assertEqual(read_answer(client).status, 201)

        self.assert_obeyed("threads", "1", "8", check, store="sqlite:comments.db")

    def test_connections_max(self):
        def check(server):
            health = b"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n"
            with server.connect() as first, server.connect() as second:
                first.sendall(health)
                self.assertEqual(read_answer(first).status, 200)
                refused = read_answer(second)
                self.assertEqual((refused.status, refused.json["code"]), (503, "unavailable"))
                self.assertEqual(refused.headers["Connection"], "close")
                self.assertIn("Retry-After", refused.headers)
                first.sendall(health)
                self.assertEqual(read_answer(first).status, 200)
            until(lambda: server.get("/healthz").status == 200, "there to be room")

        self.assert_obeyed("connections-max", "1", "8", check)

    def test_client_connections_max(self):
        def check(server):
            with server.connect() as first, server.connect() as second:
                first.sendall(b"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n")
                self.assertEqual(read_answer(first).status, 200)
                self.assertEqual(read_answer(second).json["detail"],
                                 "Your address has too many connections.")
            until(lambda: server.get("/healthz").status == 200, "there to be room")

        self.assert_obeyed("client-connections-max", "1", "8", check)

    def test_client_followers_max(self):
        def check(server):
            follow = b"GET /api/v1/events?content_id=1 HTTP/1.1\r\nHost: a\r\n\r\n"
            with server.connect() as first:
                first.sendall(follow)
                self.assertTrue(first.recv(1))
                answer = server.get("/api/v1/events?content_id=1")
                self.assertEqual((answer.status, answer.json["detail"]),
                                 (503, "Your address follows too much already."))

        self.assert_obeyed("client-followers-max", "1", "8", check)

    def test_memory_bytes(self):
        self.assert_obeyed("memory-bytes", "33554432", "536870912", lambda server: self.assertIn(
            "\ncomments_memory_bytes_max 33554432\n", server.get("/metrics").body.decode()))

    # --- comments, rules and who may do what ---

    def comment(self, server, body="x", **more):
        return server.post(POST, {"content_id": "1", "body": body} | more)

    def assert_status(self, server, wanted, body="x", **more):
        answer = self.comment(server, body, **more)
        self.assertEqual((answer.status, answer.json.get("status")), (201, wanted), answer)

    def test_followers_max(self):
        self.assert_obeyed("followers-max", "0", "8", lambda server: self.assertEqual(
            server.get("/api/v1/events?content_id=1").status, 503))

    def test_markup(self):
        self.assert_obeyed("markup", "plain", "markdown", lambda server: self.assertEqual(
            self.comment(server, "*a* <b>").json["body_html"], "<p>*a* &lt;b&gt;</p>\n"))

    def test_body_bytes_max(self):
        def check(server):
            self.assertEqual(self.comment(server, "123\u00e9").status, 201)
            self.assertEqual(self.comment(server, "1234\u00e9").pointers, ["/body"])
            draft = {"content_id": 1, "comment": "123456", "email": "a@example.com"}
            self.assertEqual(server.post(LEGACY_POST, draft).status, 422)

        self.assert_obeyed("body-bytes-max", "5", "6", check)

    def test_page_max(self):
        def check(server):
            for _ in range(3):
                self.comment(server)
            self.assertEqual(len(server.get(f"{POST}?content_id=1").json["items"]), 2)
            self.assertEqual(server.get(f"{POST}?content_id=1&limit=3").status, 422)
            self.assertEqual(len(server.get("/api/comment/list/1").json), 3)

        self.assert_obeyed("page-max", "2", "3", check)

    def test_depth_max(self):
        def check(server):
            root = self.comment(server).json
            reply = self.comment(server, parent_id=root["id"]).json
            deep = self.comment(server, parent_id=reply["id"]).json
            self.assertEqual((deep["parent_id"], deep["reply_to"]), (root["id"], reply["id"]))

        self.assert_obeyed("depth-max", "1", "2", check)

    def test_edits_max(self):
        def check(server):
            made = self.comment(server).json
            for body, status in (("a", 200), ("b", 200), ("c", 409)):
                answer = server.request("PATCH", f"{POST}/{made['id']}", {"body": body},
                                        bearer(made["edit_token"]))
                self.assertEqual(answer.status, status)

        self.assert_obeyed("edits-max", "2", "3", check)

    def test_mode(self):
        def premoderated(server):
            self.assert_status(server, "pending")
            self.assertEqual(server.get("/api/comment/list/1").json, [])

        def locked(server):
            self.assertEqual(self.comment(server).status, 403)
            self.assertEqual(server.get("/api/comment/list/1").status, 404)

        self.assert_obeyed("mode", "premoderated", "open", premoderated)
        self.assert_obeyed("mode", "locked", "open", locked)
        self.assert_obeyed("mode", "first-comment", "open",
                           lambda server: self.assert_status(server, "pending"))

    def test_reports_max(self):
        def check(server):
            made = self.comment(server).json
            server.post(f"{POST}/{made['id']}/reports", {"reason": "x"})
            self.assertEqual(server.get(f"{POST}/{made['id']}").status, 404)

        self.assert_obeyed("reports-max", "1", "2", check)

    def test_links_max(self):
        def check(server):
            self.assert_status(server, "published", "https://example.com")
            self.assert_status(server, "pending", "https://example.com www.example.org")

        self.assert_obeyed("links-max", "1", "2", check)
        self.assert_obeyed("links-max", "0", "-1", lambda server: self.assert_status(
            server, "pending", "[a](http://example.com)"))

    def test_newcomer_links_max(self):
        def check(server):
            self.assert_status(server, "published", "https://example.com")
            self.assert_status(server, "pending", "https://example.com www.example.org")

        self.assert_obeyed("newcomer-links-max", "1", "2", check)

    def test_guard(self):
        self.assert_obeyed("guard", "standard", "off", lambda server: self.assert_status(
            server, "pending", "https://example.com"))

    def test_blocked_words(self):
        with tempfile.NamedTemporaryFile("w", suffix=".txt", encoding="utf-8") as words, \
                tempfile.NamedTemporaryFile() as none:
            words.write("# what we do not want\n\nCasino\nbuy now\nSTRASSE\n\uce74\uc9c0\ub178\n")
            words.flush()

            def check(server):
                for body in ("the casino!", "CASINO", "Buy\n now?", "stra\u00dfe", "*casino*",
                             "ca**si**no", "cas&#105;no",
                             "[ca](http://example.com)sino",
                             "\uc628\ub77c\uc778\uce74\uc9c0\ub178\uc5d0\uc11c"):
                    self.assert_status(server, "pending", body)
                for body in ("casinos", "buy it now", "occasino"):
                    self.assert_status(server, "published", body)
                made = self.comment(server, "fine").json
                edited = server.request("PATCH", f"{POST}/{made['id']}", {"body": "a casino"},
                                        bearer(made["edit_token"]))
                self.assertEqual(edited.json["status"], "pending")

            self.assert_obeyed("blocked-words", words.name, none.name, check)

    def test_repeat_window(self):
        def check(server):
            self.assert_status(server, "published", "again")
            answer = self.comment(server, "again")
            self.assertEqual(answer.json["errors"], [{"pointer": "/body", "code": "repeated"}])
            self.assert_status(server, "published", "something else")
            retried = [server.post(POST, {"content_id": "1", "body": "retried"},
                                   {"Idempotency-Key": "k"}) for _ in range(2)]
            self.assertEqual([answer.status for answer in retried], [201, 201])

        self.assert_obeyed("repeat-window", "3600", "0", check)

    def test_typing_time(self):
        def check(server):
            form = server.get("/api/v1/form").json["form"]
            shown = time.monotonic()
            self.assert_status(server, "spam", form=form)
            self.assert_status(server, "pending")
            until(lambda: time.monotonic() > shown + 1.01, "a second of typing")
            self.assert_status(server, "published", form=form)

        self.assert_obeyed("typing-time", "1", "3600", check)

    def test_the_trap_is_always_watched(self):
        with Server(*MEMORY, *NOW) as server:
            self.assert_status(server, "spam", trap="https://example.com")
            self.assert_status(server, "published", trap="")
            self.assertEqual(len(server.get("/api/comment/list/1").json), 1)

    def test_origin_days(self):
        """Of what is older than that, it is not known any more where it came from."""
        with tempfile.TemporaryDirectory() as folder:
            with Server(*NOW, folder=folder) as server:
                for _ in range(3):
                    self.comment(server)

            def origins():
                with contextlib.closing(sqlite3.connect(Path(folder) / "comments.db")) as rows:
                    return [row[0] != "" for row in
                            rows.execute("SELECT origin FROM comment ORDER BY position")]

            self.assertEqual(origins(), [True] * 3)
            with contextlib.closing(sqlite3.connect(Path(folder) / "comments.db")) as rows, rows:
                for position, days in ((1, 11), (2, 9)):
                    rows.execute("UPDATE comment SET created_at = created_at - ? WHERE "
                                 "position = ?", [days * 86_400_000, position])
            with Server(*NOW, "--origin-days", "10", folder=folder):
                until(lambda: origins() == [False, True, True], "the oldest to be forgotten")

    def test_moderator_token(self):
        self.assert_obeyed("moderator-token", MODERATOR, "another-token-of-moderators",
                           lambda server: self.assertEqual(
                               server.get(QUEUE, bearer(MODERATOR)).status, 200))

    def test_sso_secret(self):
        self.assert_obeyed("sso-secret", SITE, SITE[::-1], lambda server: self.assertEqual(
            server.get("/api/v1/me/export", bearer(jwt(sub="ana"))).status, 200))

    def test_the_pipeline_is_no_moderator(self):
        with Server(*MEMORY, *NOW, "--deploy-token", "a-token-of-the-pipeline") as server:
            answer = server.get(QUEUE, bearer("a-token-of-the-pipeline"))
            self.assertEqual(answer.status, 403)

    def test_write_rate(self):
        self.assert_obeyed("write-rate", "1", "2", lambda server: self.assertEqual(
            [self.comment(server).status for _ in range(2)], [201, 429]))

    def test_post_rate(self):
        self.assert_obeyed("post-rate", "1", "2", lambda server: self.assertEqual(
            [self.comment(server).status for _ in range(2)], [201, 429]))

    def test_the_limits_of_an_ipv6_network(self):
        """One /48 counted as 65,536 clients: 90 reports hid 30 comments, and 300 votes counted."""
        def of(site):
            return {"X-Forwarded-For": f"2001:db8:7:{site:x}::1"}

        trusting = (*MEMORY, *NOW, "--trusted-proxies=127.0.0.1")
        with Server(*trusting, "--network-votes-max=2") as server:
            one = f"{POST}/{self.comment(server).json['id']}"
            answers = [server.request("PUT", f"{one}/vote", headers=of(site)) for site in range(20)]
            self.assertEqual([answer.status for answer in answers], [200] * 2 + [409] * 18)
            answers = [server.post(f"{one}/reports", {"reason": "x"}, of(site))
                       for site in range(20)]
            self.assertEqual([answer.status for answer in answers], [204] + [409] * 19)
            self.assertEqual(server.get(one).json["votes"], 2)
        with Server(*trusting, "--write-rate=2", "--network-clients=3") as server:
            post = {"content_id": "1", "body": "x"}
            statuses = [server.post(POST, post, of(site)).status for site in range(20)]
            self.assertEqual(statuses, [201] * 6 + [429] * 14)

    def test_origins(self):
        origin = {"Origin": "https://example.com"}

        def check(server):
            answer = server.get(f"{POST}?content_id=1", origin)
            self.assertEqual(answer.headers["Access-Control-Allow-Origin"], origin["Origin"])
            self.assertIsNone(answer.headers["Access-Control-Allow-Credentials"])
            other = server.get(f"{POST}?content_id=1", {"Origin": "https://example.org"})
            self.assertIsNone(other.headers["Access-Control-Allow-Origin"])

        self.assert_obeyed("origins", origin["Origin"], "https://example.org", check)

    def test_a_weak_secret_is_reported_and_not_shown(self):
        for moderators, site, weak in [("m" * 15, "s" * 31, ["moderator-token", "sso-secret"]),
                                       ("m" * 16, "s" * 32, [])]:
            secrets = {"COMMENTS_MODERATOR_TOKEN": moderators, "COMMENTS_SSO_SECRET": site}
            with Server(*MEMORY, *NOW, env=secrets, port=free_port()) as server:
                self.assertEqual(server.get(QUEUE, bearer(moderators)).status, 200)
                server.stop()
                told = [event for event in server.events if event["event"] == "weak_secret"]
                self.assertEqual([event["option"] for event in told], weak)
                self.assertEqual({event["level"] for event in told}, {"warn"} if weak else set())
                self.assertNotIn("mmm", server.log)
                self.assertNotIn("sss", server.log)


def settled(page):
    """Without what a form has anew each time."""
    return re.sub(rb'name="(form|key)" value="[^"]*"', b"", page)


class OldAnswers(unittest.TestCase):
    """What a client kept from before the server was started another way is not confirmed as new."""

    CHANGES = [["--markup=plain"], ["--legacy-emails=hide"], ["--legacy-emails=all"],
               ["--page-max=1"], ["--path-prefix=/below"], ["--mode=locked"],
               ["--origins=https://example.com"], ["--body-bytes-max=100"], ["--depth-max=1"],
               ["--edit-window=1"], ["--sso-secret=a-secret-of-32-bytes-for-this-test"]]

    def setUp(self):
        self.folder = self.enterContext(tempfile.TemporaryDirectory())

    def ask_all(self, paths, prefix, known=None):
        """{path: response}, from a server with `options`; with what `known` says of each path."""
        return {path: self.server.get(prefix + path, {"Accept": "text/html"} | ({
            "If-None-Match": known[path].headers["ETag"]} if known else {})) for path in paths}

    def start(self, *options):
        self.server = Server(*NOW, *options, folder=self.folder)
        return self.server

    def test_an_old_answer_does_not_stick(self):
        with self.start() as server:
            made = server.post(POST, {"content_id": "1", "body": "*one*\n\n- two"}).json
            server.post(POST, {"content_id": "1", "body": "# three", "parent_id": made["id"]})
            server.post(LEGACY_POST, {"content_id": "1", "email": "ana@example.com",
                                      "comment": "`four`"})
            listed = f"{POST}?content_id=1"
            paths = [listed, f"{listed}&parent_id={made['id']}", f"{listed}&sort=top",
                     f"{POST}/{made['id']}", "/api/comment/list/1", "/contents/1", "/",
                     "/api/v1/contents/1",
                     "/embed.js", "/api/v1/feed?content_id=1",
                     "/api/v1/feed?content_id=1&format=json"]
            before = self.ask_all(paths, "")
            self.assertEqual({answer.status for answer in before.values()}, {200})
            again = self.ask_all(paths, "", before)
            self.assertEqual({path: answer.status for path, answer in again.items()},
                             dict.fromkeys(paths, 304))
        changed = set()
        for options in self.CHANGES:
            prefix = "/below" if options == ["--path-prefix=/below"] else ""
            with self.start(*options):
                now, asked = (self.ask_all(paths, prefix, known) for known in (None, before))
            for path in paths:
                if settled(now[path].body) != settled(before[path].body):
                    changed.add(path)
                    with self.subTest(options=options, path=path):
                        self.assertEqual(asked[path].status, 200)
        self.assertGreaterEqual(len(changed), 8)  # else this has tried nothing

    def test_another_language_is_another_answer(self):
        with self.start() as server:
            server.post(POST, {"content_id": "1", "body": "one"})
            for path in ("/contents/1", "/status", "/moderation"):
                first = server.get(path, {"Accept": "text/html", "Accept-Language": "en"})
                second = server.get(path, {
                    "Accept": "text/html", "Accept-Language": "pt",
                    "If-None-Match": first.headers["ETag"] or '"none"'})
                if second.status == 304:
                    second = server.get(path, {"Accept": "text/html", "Accept-Language": "pt"})
                    self.assertEqual(second.body, first.body, path)


if __name__ == "__main__":
    main()
