"""contract_test - the API's promises, seen from outside, on every store that the binary has.

The lines of the legacy API are here as its users typed them; they must go on working unchanged.
"""
import http.client
import json
import os
import re
import shlex
import shutil
import subprocess
import unittest
from urllib.parse import quote, urlencode

from support import (LEGACY_POST, PATIENCE, POST, Answer, Server, ServerTest, at_once, main,
                     run)

NEW = "curl -s localhost:8000/api/comment/new -X POST -H 'Content-Type: application/json' -d '%s'"
LIST = "curl -s localhost:8000/api/comment/list/%s"
CURL_LINES = [
    NEW % '{"email":"guilherme@example.com","comment":"Primeiro Post!","content_id":1}',
    NEW % '{"email":"matheus@example.com","comment":"Parabens pelo novo post!","content_id":1}',
    NEW % ('{"email":"guilherme@example.com",'
           '"comment":"Obrigado, irei postar neste grupo a partir de agora!","content_id":1}'),
    NEW % ('{"email":"gabriela@example.com",'
           '"comment":"Quando sera a proxima avaliacao pessoal?","content_id":2}'),
    NEW % ('{"email":"charlie@example.com",'
           '"comment":"Acho que esta marcado para segunda Gabi!","content_id":2}'),
    NEW % '{"email":"gabriela@example.com","comment":"Ufa, obrigado Charlie!","content_id":2}',
    LIST % 1,
    LIST % 2,
    LIST % 99,
]
POSTED = {"status": "SUCCESS", "message": "comment created and associated with content_id %s"}
ANSWERS = [POSTED | {"message": POSTED["message"] % content} for content in (1, 1, 1, 2, 2, 2)] + [
    [{"email": "guilherme@example.com", "comment": "Primeiro Post!"},
     {"email": "matheus@example.com", "comment": "Parabens pelo novo post!"},
     {"email": "guilherme@example.com",
      "comment": "Obrigado, irei postar neste grupo a partir de agora!"}],
    [{"email": "gabriela@example.com", "comment": "Quando sera a proxima avaliacao pessoal?"},
     {"email": "charlie@example.com", "comment": "Acho que esta marcado para segunda Gabi!"},
     {"email": "gabriela@example.com", "comment": "Ufa, obrigado Charlie!"}],
    {"status": "NOT-FOUND", "message": "content_id 99 not found"},
]
UUID7 = r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"
NOBODY = "00000000-0000-7000-8000-000000000000"


def read_curl(line):
    """(method, target, headers, body) of one of the lines above."""
    method, target, headers, body = "GET", None, {}, None
    words = iter(shlex.split(line)[1:])
    for word in words:
        if word == "-X":
            method = next(words)
        elif word == "-H":
            headers |= [next(words).split(": ")]
        elif word == "-d":
            body = next(words).encode()
        elif not word.startswith("-"):
            target = word.removeprefix("localhost:8000")
    return method, target, headers, body


class Legacy:
    """The two endpoints that are frozen."""

    def test_the_legacy_lines_are_answered_as_before(self):
        with Server(*self.options) as server:
            for line, answer in zip(CURL_LINES, ANSWERS, strict=True):
                with self.subTest(line):
                    method, target, headers, body = read_curl(line)
                    given = server.request(method, target, body, headers)
                    self.assertEqual(given.status, 404 if "99" in target else 200)
                    self.assertEqual(given.headers["Content-Type"], "application/json")
                    self.assertEqual(given.json, answer)

    @unittest.skipUnless(shutil.which("curl"), "there is no curl here")
    def test_the_legacy_lines_work_with_curl_itself(self):
        env = os.environ | {"no_proxy": "*"}
        with Server(*self.options) as server:
            for line, answer in zip(CURL_LINES, ANSWERS, strict=True):
                with self.subTest(line):
                    line = line.replace("localhost:8000", f"localhost:{server.port}")
                    said = subprocess.run(shlex.split(line), env=env, stdout=subprocess.PIPE,
                                          check=True, timeout=PATIENCE).stdout
                    self.assertEqual(json.loads(said), answer)

    def post_legacy(self, content_id, comment="Primeiro Post!", **more):
        return self.server.post(LEGACY_POST, {"email": "matheus@example.com",
                                                "comment": comment,
                                                "content_id": content_id} | more)

    def list_legacy(self, content_id, headers=None):
        return self.server.get(f"/api/comment/list/{quote(content_id, safe='')}", headers)

    def test_a_number_and_its_text_are_the_same_content(self):
        for content_id in (31415, "31415"):
            self.assertEqual(self.post_legacy(content_id).json["message"],
                             POSTED["message"] % "31415")
        self.assertEqual(len(self.list_legacy("31415").json), 2)
        content = self.server.get("/api/v1/contents/31415").json
        self.assertEqual((content["content_id"], content["comments"]), ("31415", 2))

    def test_fields_that_the_legacy_api_does_not_know_are_ignored(self):
        self.assertEqual(self.post_legacy(self.content_id, more=[1, {"a": None}]).status, 200)
        self.assertEqual(self.list_legacy(self.content_id).json,
                         [{"email": "matheus@example.com", "comment": "Primeiro Post!"}])

    def test_a_content_may_be_named_by_anything_printable(self):
        for content_id in ("a/b?c=d&e#f", "100%", "Avaliação 🙂", "..", '"', " a "):
            with self.subTest(content_id):
                self.assertEqual(self.post_legacy(content_id).status, 200)
                self.assertEqual(len(self.list_legacy(content_id).json), 1)
                at = "/api/v1/contents/" + quote(content_id, safe="")
                self.assertEqual(self.server.get(at).json["content_id"], content_id)
                listed = self.server.get(f"{POST}?{urlencode({'content_id': content_id})}").json
                self.assertEqual(listed["items"][0]["content_id"], content_id)

    def test_the_legacy_list_is_whole_and_in_order_however_long(self):
        said = [f"comment {number} – ção" for number in range(450)]
        for body in said:
            self.post_legacy(self.content_id, body)
        listed = self.list_legacy(self.content_id).json
        self.assertEqual([item["comment"] for item in listed], said)

    def test_both_apis_show_the_same_comments(self):
        self.post_legacy(self.content_id, "from the legacy API")
        self.post_comment("from v1")
        texts = [item["comment"] for item in self.list_legacy(self.content_id).json]
        self.assertEqual(texts, ["from the legacy API", "from v1"])
        items = self.server.get(f"{POST}?content_id={self.content_id}").json["items"]
        self.assertEqual([item["body"] for item in items], texts)

    def test_the_legacy_list_has_an_etag(self):
        self.post_legacy(self.content_id)
        etag = self.list_legacy(self.content_id).headers["ETag"]
        again = self.list_legacy(self.content_id, {"If-None-Match": etag})
        self.assertEqual((again.status, again.body), (304, b""))
        posted = self.post_legacy(self.content_id)
        self.assertNotEqual(posted.headers["ETag"], etag)
        self.assertEqual(self.list_legacy(self.content_id, {"If-None-Match": etag}).status, 200)

    def test_the_legacy_post_can_be_retried_with_a_key(self):
        body = {"email": "matheus@example.com", "comment": "once", "content_id": self.content_id}
        first, again = (self.server.post(LEGACY_POST, body, {"Idempotency-Key": "k"})
                        for _ in range(2))
        self.assertEqual((first.status, first.json), (again.status, again.json))
        self.assertEqual(again.headers["Idempotency-Replayed"], "true")
        self.assertEqual(len(self.list_legacy(self.content_id).json), 1)

    def test_an_address_is_listed_only_if_it_was_sent_to_the_legacy_api(self):
        """An address that the form calls "not shown" stood in this list."""
        typed = {"name": "Dora", "email": "dora@example.com"}
        shown = self.post_legacy(self.content_id, "legacy")
        self.assertEqual(shown.status, 200)
        self.server.post(POST, {"content_id": self.content_id, "body": "v1", "author": typed})
        form = urlencode({"body": "form", **typed})
        sent = self.server.request("POST", f"/contents/{self.content_id}", form.encode(),
                                   {"Content-Type": "application/x-www-form-urlencoded",
                    "Sec-Fetch-Site": "same-origin"})
        self.assertIn(sent.status, (200, 303), sent)
        self.assertEqual({item["comment"]: item["email"]
                          for item in self.list_legacy(self.content_id).json},
                         {"legacy": "matheus@example.com", "v1": "", "form": ""})

    def test_addresses_of_e_mail_can_be_hidden_or_all_shown(self):
        for option, addresses in (("hide", ["", ""]),
                                  ("all", ["gabriela@example.com", "dora@example.com"])):
            with Server(*self.options, f"--legacy-emails={option}") as server:
                server.post(LEGACY_POST, {"email": "gabriela@example.com", "comment": "x",
                                          "content_id": self.content_id})
                server.post(POST, {"content_id": self.content_id, "body": "y",
                                   "author": {"email": "dora@example.com"}})
                listed = server.get(f"/api/comment/list/{self.content_id}").json[-2:]
                self.assertEqual([item["email"] for item in listed], addresses)


class Comments:
    """Posting, finding, listing."""

    def list(self, headers=None, **query):
        query = {"content_id": self.content_id} | query
        return self.server.get(f"{POST}?{urlencode(query)}", headers)

    def test_a_posted_comment_is_answered_whole(self):
        answer = self.server.post(POST, {
            "content_id": self.content_id, "body": "Ufa, <b>obrigado</b>!\nAté segunda.",
            "author": {"name": "Gabriela", "email": "gabriela@example.com",
                       "url": "https://example.com/gabriela"}})
        self.assertEqual(answer.status, 201, answer)
        made = answer.json
        self.assertEqual(list(made), [
            "id", "content_id", "parent_id", "status", "author", "body", "body_html", "votes",
            "replies", "created_at", "edited_at", "version", "edit_token", "browser"])
        self.assertRegex(made["id"], f"^{UUID7}$")
        self.assertRegex(made["created_at"], r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$")
        self.assertEqual(answer.headers["Location"], f"{POST}/{made['id']}")
        self.assertRegex(answer.headers["ETag"], '^"1-[0-9a-f]{16}-3')
        self.assertEqual(made | {"author": 0, "id": 0, "created_at": 0, "edit_token": 0,
                                 "browser": 0}, {
            "id": 0, "content_id": self.content_id, "parent_id": None, "status": "published",
            "author": 0, "body": "Ufa, <b>obrigado</b>!\nAté segunda.",
            "body_html": "<p>Ufa, &lt;b&gt;obrigado&lt;/b&gt;!<br>\nAté segunda.</p>\n",
            "votes": 0, "replies": 0, "created_at": 0, "edited_at": None, "version": 1,
            "edit_token": 0, "browser": 0})
        self.assertEqual((made["author"]["name"], made["author"]["verified"]),
                         ("Gabriela", False))

    def test_a_comment_is_found_again_without_its_edit_token(self):
        made = self.post_comment(author={"name": "Charlie"})
        found = self.server.get(f"{POST}/{made['id']}")
        self.assertEqual(found.status, 200)
        self.assertTrue(made.pop("edit_token"))
        self.assertTrue(made.pop("browser"))
        self.assertEqual(found.json, made)
        self.assertEqual(self.list().json["items"], [made])

    def test_no_answer_of_v1_holds_an_address_of_e_mail(self):
        author = {"name": "Charlie", "email": "charlie@example.com"}
        posted = self.server.post(POST, {"content_id": self.content_id, "body": "x",
                                         "author": author})
        for answer in (posted, self.server.get(posted.headers["Location"]), self.list()):
            self.assertNotIn(b"charlie@", answer.body)
        self.assertNotIn("charlie@", str(posted.headers))

    def test_a_key_does_not_tell_whether_an_address_was_guessed(self):
        author = {"name": "Gabriela", "email": "gabriela@example.com"}
        first = self.post_comment(author=author)
        for guess in (author, {"email": author["email"]}, {"name": author["email"]}):
            self.assertNotEqual(first["author"]["key"],
                                self.post_comment(author=guess)["author"]["key"])
        again = self.server.post(POST, {"content_id": self.content_id, "body": "x"},
                                 {"Comments-Browser": first["browser"]}).json
        self.assertEqual(first["author"]["key"], again["author"]["key"])

    def walk(self, first=None, **query):
        """The bodies of all pages, or of those from the cursor `first` on, by following `next`."""
        said, at = [], {"cursor": first} if first else {}
        while at is not None:
            page = self.list(**query, **at).json
            self.assertLessEqual(len(page["items"]), int(query.get("limit", 50)))
            said += [item["body"] for item in page["items"]]
            at = {"cursor": page["next"]} if page["next"] else None
        return said

    def test_cursors_walk_over_250_comments_once_each(self):
        said = [f"{number}" for number in range(250)]
        for body in said:
            self.post_comment(body)
        self.assertEqual(self.walk(), said)
        self.assertEqual(self.walk(limit=1)[:5] + self.walk(limit=200), said[:5] + said)
        self.assertEqual(self.walk(limit=125, sort="oldest"), said)
        self.assertEqual(self.walk(limit=7, sort="newest"), said[::-1])
        self.assertEqual(self.walk(limit=30, sort="top"), said)
        self.assert_content(self.list().json["content"], 250)

    def test_what_is_posted_during_a_walk_neither_repeats_nor_hides_anything(self):
        said = [f"{number}" for number in range(20)]
        for body in said:
            self.post_comment(body)
        for sort, expected in (("oldest", said), ("newest", said[::-1])):
            page = self.list(sort=sort, limit=7).json
            self.post_comment("late")
            seen = [item["body"] for item in page["items"]]
            seen += self.walk(page["next"], sort=sort, limit=7)
            self.assertEqual([body for body in seen if body != "late"], expected)

    def test_the_link_header_leads_to_the_next_page(self):
        for number in range(5):
            self.post_comment(f"{number}")
        target, said = f"{POST}?content_id={self.content_id}&limit=2&sort=newest", []
        while target:
            answer = self.server.get(target)
            said += [item["body"] for item in answer.json["items"]]
            link = re.fullmatch(r'<(\S+)>; rel="next"', answer.headers["Link"] or "")
            self.assertEqual(bool(link), bool(answer.json["next"]))
            target = link and link[1]
        self.assertEqual(said, list("43210"))

    def test_a_page_may_have_one_to_two_hundred_comments(self):
        for limit, status in ((0, 422), (1, 200), (200, 200), (201, 422)):
            self.assertEqual(self.list(limit=limit).status, status, limit)

    def test_a_content_without_comments_is_an_empty_page(self):
        page = self.list().json
        self.assert_content(page.pop("content"), 0)
        self.assertEqual(page, {"items": [], "next": None})

    def assert_content(self, content, comments):
        self.assertRegex(content.pop("epoch"), "^[0-9a-f]{16}$")
        self.assertEqual(content, {"content_id": self.content_id, "version": comments,
                                   "comments": comments, "status": "open"})

    def test_what_a_client_has_already_is_not_sent_again(self):
        made = self.post_comment()
        content = f"/api/v1/contents/{self.content_id}"
        comment, page = f"{POST}/{made['id']}", f"{POST}?content_id={self.content_id}"
        for target in (comment, page, content):
            etag = self.server.get(target).headers["ETag"]
            for given in (etag, f"W/{etag}", f'"x", {etag}', "*"):
                again = self.server.get(target, {"If-None-Match": given})
                self.assertEqual((again.status, again.body), (304, b""), (target, given))
                self.assertEqual(again.headers["ETag"], etag)
            self.assertEqual(self.server.get(target, {"If-None-Match": '"x"'}).status, 200)
        etags = {target: self.server.get(target).headers["ETag"]
                 for target in (page, content, comment)}
        self.post_comment("another")
        for target, status in ((page, 200), (content, 200), (comment, 304)):
            answer = self.server.get(target, {"If-None-Match": etags[target]})
            self.assertEqual(answer.status, status, target)

    def test_a_retry_with_its_key_answers_the_first_comment_again(self):
        first = self.post_comment("once", {"Idempotency-Key": "k1"})
        body = {"content_id": self.content_id, "body": "once"}
        again = self.server.post(POST, body, {"Idempotency-Key": "k1"})
        self.assertEqual(again.status, 201)
        self.assertEqual(again.headers["Idempotency-Replayed"], "true")
        first.pop("edit_token")
        self.assertEqual(again.json | {"browser": ""}, first | {"browser": ""})
        self.assertNotEqual(again.json["browser"], first["browser"])  # another client may ask
        other = self.server.post(POST, body | {"body": "twice"}, {"Idempotency-Key": "k1"})
        self.assert_problem(other, 422, "idempotency_reuse")
        self.assertEqual(other.pointers, ["Idempotency-Key"])
        self.assertEqual(self.walk(), ["once"])
        self.post_comment("once", {"Idempotency-Key": "k2"})
        self.post_comment("once")
        self.assertEqual(self.walk(), ["once"] * 3)

    def test_sixteen_posts_at_once_with_one_key_make_one_comment(self):
        def post():
            body = {"content_id": self.content_id, "body": "once"}
            return self.server.post(POST, body, {"Idempotency-Key": "same"})

        answers = at_once([post] * 16)
        self.assertEqual({answer.status for answer in answers}, {201})
        self.assertEqual(len({answer.json["id"] for answer in answers}), 1)
        first = [a for a in answers if "Idempotency-Replayed" not in a.headers]
        self.assertEqual(len(first), 1)
        self.assertEqual(["edit_token" in answer.json for answer in answers].count(True), 1)
        self.assertEqual(self.list().json["content"]["version"], 1)

    def test_posts_at_once_are_all_stored_in_one_order(self):
        made = at_once([lambda n=n: self.post_comment(f"{n}") for n in range(16)])
        self.assertEqual(sorted(one["version"] for one in made), list(range(1, 17)))
        self.assertEqual([int(body) for body in self.walk()],
                         [int(one["body"]) for one in sorted(made, key=lambda m: m["version"])])

    def test_replies_stand_below_what_they_answer(self):
        root = self.post_comment("root")
        other = self.post_comment("other root")
        reply = self.post_comment("reply", parent_id=root["id"])
        inner = self.post_comment("inner", parent_id=reply["id"])
        self.assertEqual(inner["parent_id"], reply["id"])
        self.assertEqual(self.walk(), ["root", "other root"])
        self.assertEqual(self.walk(parent_id=root["id"]), ["reply"])
        self.assertEqual(self.walk(parent_id=reply["id"]), ["inner"])
        self.assertEqual(self.walk(parent_id=other["id"]), [])
        found = self.server.get(f"{POST}/{root['id']}")
        self.assertEqual((found.json["replies"], found.json["version"]), (1, 3))
        self.assertRegex(found.headers["ETag"], '^"3-[0-9a-f]{16}-3')
        self.assertEqual(self.list().json["content"]["comments"], 4)

    def test_a_reply_to_what_is_not_there_is_refused(self):
        elsewhere = self.server.post(POST, {"content_id": "elsewhere", "body": "x"}).json["id"]
        for parent in (NOBODY, elsewhere):
            answer = self.server.post(POST, {"content_id": self.content_id, "body": "x",
                                             "parent_id": parent})
            self.assert_problem(answer, 404, "not_found")
            self.assertEqual(answer.pointers, ["/parent_id"])
        self.assertEqual(self.list().json["content"]["version"], 0)

    def test_counts_answer_for_many_contents_at_once(self):
        self.post_comment("root")
        self.post_comment("reply", parent_id=self.post_comment("root")["id"])
        ids = [f"none {number}" for number in range(199)] + [self.content_id]
        answer = self.server.get("/api/v1/counts?" + urlencode({"content_id": ids}, doseq=True))
        self.assertEqual(answer.json, {"counts": dict.fromkeys(ids, 0) | {self.content_id: 3}})

    def test_a_content_is_there_once_it_has_a_comment(self):
        target = f"/api/v1/contents/{self.content_id}"
        self.assert_problem(self.server.get(target), 404, "not_found")
        self.post_comment()
        self.assert_content(self.server.get(target).json, 1)

    def test_text_comes_back_as_it_was_sent(self):
        for body in ("🙂 ção \u202e עברית", "  kept\t\r\n\n spaces  ",
                     '\\"\'; DROP TABLE comment;--', "<script>alert(1)</script>",
                     "\ufeff\uffffx", "é" * 8192):
            made = self.post_comment(body)
            self.assertEqual(made["body"], body)
            self.assertEqual(self.server.get(f"{POST}/{made['id']}").json["body"], body)
            self.assertNotIn("<script", made["body_html"])


class Service:
    """What every path shares, and what operators ask for."""

    def test_health_and_readiness(self):
        self.assertEqual(self.server.get("/healthz").json, {"status": "ok"})
        self.assertEqual(self.server.get("/readyz").json, {"status": "ready"})

    def test_the_version_is_the_one_of_the_command_line(self):
        version = self.server.get("/version").json
        self.assertEqual(list(version), ["component", "version", "commit", "build_date"])
        self.assertEqual(version["component"], "comments")  # as deploy/record calls it, too
        line = "comments-server {version} (commit {commit}, {build_date})\n".format(**version)
        self.assertEqual(run("--version").stdout, line)

    def metric(self, name):
        lines = self.server.get("/metrics").body.decode().splitlines()
        return next((float(line.split()[-1]) for line in lines if line.startswith(name + " ")), 0)

    def test_metrics_are_in_the_text_format_and_count(self):
        answer = self.server.get("/metrics")
        self.assertEqual(answer.headers["Content-Type"].split(";")[0], "text/plain")
        for line in answer.body.decode().splitlines():
            self.assertRegex(line, r'^(# (HELP|TYPE) \w+ \S.*|\w+(\{(\w+="[^"]*",?)+\})? \S+)$')
        posts = ('comments_http_requests_total{method="POST",route="/api/v1/comments",'
                 'status="201"}')
        names = ["comments_posted_total", "comments_replayed_total", "comments_refused_total",
                 posts]
        before = [self.metric(name) for name in names]
        for body in ("once", "once", ""):
            self.server.post(POST, {"content_id": self.content_id, "body": body},
                             {"Idempotency-Key": "k"})
        after = [self.metric(name) for name in names]
        grown = [int(b - a) for a, b in zip(before, after)]
        # What cannot even be read as a draft never reaches the service.
        self.assertEqual(grown[:2] + grown[3:], [1, 1, 2])

    def test_head_answers_as_get_does_without_the_body(self):
        made = self.post_comment()
        for target in (f"{POST}?content_id={self.content_id}", f"{POST}/{made['id']}",
                       f"/api/v1/counts?content_id={self.content_id}", "/healthz", "/readyz",
                       f"/api/v1/contents/{self.content_id}", "/version", "/nothing",
                       f"/api/comment/list/{self.content_id}", f"{POST}/{NOBODY}"):
            get, head = self.server.get(target), self.server.request("HEAD", target)
            self.assertEqual(head.status, get.status, target)
            self.assertEqual(head.body, b"")
            for name in ("Content-Type", "ETag", "Cache-Control"):
                self.assertEqual(head.headers[name], get.headers[name], (target, name))
            length = get.headers["Content-Length"]
            if get.status == 200 and ("content_id=" in target or "/list/" in target):
                self.assertIn(head.headers["Content-Length"], (length, None))  # not made for it
            else:
                self.assertEqual(head.headers["Content-Length"], length, target)

    def test_another_method_is_refused_and_the_allowed_ones_are_named(self):
        read, write = {"OPTIONS", "GET", "HEAD"}, {"OPTIONS", "POST"}
        for target, allowed in ((POST, read | write), (LEGACY_POST, write),
                                ("/api/comment/list/1", read), ("/api/v1/counts", read),
                                (f"{POST}/{NOBODY}", read | {"PATCH", "DELETE"}),
                                (f"{POST}/{NOBODY}/vote", {"OPTIONS", "PUT", "DELETE"}),
                                (f"{POST}/{NOBODY}/reports", write),
                                ("/api/v1/contents/1", read | {"PATCH"}),
                                ("/healthz", read), ("/readyz", read), ("/version", read),
                                ("/metrics", read)):
            for method in sorted({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"} - allowed):
                answer = self.server.request(method, target)
                self.assertEqual(answer.status, 405, (method, target))
                self.assertEqual(set(answer.headers["Allow"].split(", ")), allowed)
                if method != "HEAD":
                    self.assert_problem(answer, 405, "method_not_allowed")
            options = self.server.request("OPTIONS", target)
            self.assertEqual((options.status, options.body), (204, b""), target)
            self.assertEqual(set(options.headers["Allow"].split(", ")), allowed)

    def test_an_unknown_path_is_not_found(self):
        for target in ("/api", "/api/v1", "/api/v2/comments", "//healthz",
                       "/API/v1/comments", "/api/comment/list/", "/api/v1/contents/a/b"):
            answer = self.server.get(target)
            self.assert_problem(answer, 404, "not_found")
            self.assertEqual(answer.json["instance"], target)

    def test_every_answer_names_its_request(self):
        def request_id(given=None):
            headers = {} if given is None else {"X-Request-Id": given}
            answer = self.server.get("/nothing", headers)
            self.assertEqual(answer.json["request_id"], answer.headers["X-Request-Id"])
            return answer.headers["X-Request-Id"]

        self.assertRegex(request_id(), f"^{UUID7}$")
        self.assertNotEqual(request_id(), request_id())
        for kept in ("a", "A-1_b.c:d", "x" * 64):
            self.assertEqual(request_id(kept), kept)
        for replaced in ("", "x" * 65, "a b", "gabriela@example.com", "a/b", "é"):
            self.assertRegex(request_id(replaced), f"^{UUID7}$")

    def test_a_connection_serves_one_request_after_another(self):
        connection = http.client.HTTPConnection(self.server.host, self.server.port,
                                                timeout=PATIENCE)
        self.addCleanup(connection.close)
        comment = json.dumps({"content_id": self.content_id, "body": "x"}).encode()
        places = set()
        for method, target, body, status in (
                ("GET", "/healthz", None, 200), ("HEAD", "/healthz", None, 200),
                ("POST", POST, comment, 201), ("OPTIONS", POST, None, 204)) * 5:
            connection.request(method, target, body, {"Content-Type": "application/json"})
            self.assertEqual(Answer(connection.getresponse()).status, status)
            places.add(connection.sock.getsockname())
        self.assertEqual(len(places), 1)


class OnMemory(Legacy, Comments, Service, ServerTest):
    pass


class OnSqlite(Legacy, Comments, Service, ServerTest):
    options = ("--store", "sqlite:comments.db", "--drain-delay", "0")


if __name__ == "__main__":
    main()
