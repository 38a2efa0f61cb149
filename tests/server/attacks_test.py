"""attacks_test - what an attacker would send, and requests that race each other.

`crowd` says what is different under a sanitizer.
"""
import http.client
import json
import random
import re
from collections import Counter
from html.parser import HTMLParser
from pathlib import Path

from crowd import CrowdTest, scaled
from people import ACTIONS, BEHIND_PROXY, MODERATOR, SECRETS, address, at, bearer
from support import LEGACY_POST, PATIENCE, POST, Server, ServerTest, at_once, main

MEMORY, NOW = ("--store", "memory:"), ("--drain-delay", "0")
MODERATION = bearer(MODERATOR)
CORPUS = Path(__file__).resolve().parents[1] / "markdown/xss_corpus.txt"
BODY_MAX = 16_384
DEPTH_MAX = 6  # the server's default
ELEMENTS = {name: set() for name in
            "p br em strong del pre blockquote ul li hr h3 h4 h5 h6 table thead tbody tr "
            "label".split()} | {
    "code": {"class"}, "ol": {"start"}, "a": {"href", "rel"}, "th": {"align"}, "td": {"align"},
    "input": {"type", "disabled", "checked"}}
VALUES = {"align": "left|center|right", "type": "checkbox", "disabled": "", "checked": "",
          "class": r"language-[A-Za-z0-9+-]{1,32}", "start": r"\d{1,9}",
          "rel": "nofollow ugc noopener noreferrer",
          "href": r"(https?://|mailto:)[!#-;=?-\[\]^_a-z{|}~]*"}


def corpus():
    """Each vector, as the head of the file says how to read it."""
    def meant(match):
        return chr(int(match[2], 16)) if match[2] else {"n": "\n", "r": "\r", "t": "\t",
                                                        "\\": "\\"}[match[1]]

    lines = CORPUS.read_text(encoding="utf-8").split("\n")
    return [re.sub(r"\\(n|r|t|\\|u\{([0-9a-f]+)\})", meant, line) for line in lines
            if line and line != "#" and not line.startswith("# ")]


class Page(HTMLParser):
    """What is wrong with some HTML: elements and attributes that must not be, none closed."""

    def __init__(self, html):
        super().__init__()
        self.faults, self.open = [], []
        self.feed(html)
        self.close()
        self.faults += [f"<{name}> is open" for name in self.open]

    def handle_starttag(self, tag, attrs):
        if tag not in ELEMENTS:
            self.faults.append(f"<{tag}>")
        elif len(attrs) > len(ELEMENTS[tag]) or tag == "a" and len(attrs) < 2:
            self.faults.append(f"<{tag} {attrs}>")
        for name, value in attrs:
            if name not in ELEMENTS.get(tag, ()) or not re.fullmatch(VALUES[name], value or ""):
                self.faults.append(f"{name}={value}")
        if tag == "input" and not {"type", "disabled"} <= dict(attrs).keys():
            self.faults.append(f"<{tag} {attrs}>")
        if tag not in ("br", "hr", "input"):
            self.open.append(tag)

    def handle_endtag(self, tag):
        if not self.open or self.open.pop() != tag:
            self.faults.append(f"</{tag}>")

    def unwanted(self, what):
        self.faults.append(what)

    handle_comment = handle_decl = handle_pi = unknown_decl = unwanted


class Scripts(ServerTest):
    options = (*MEMORY, *NOW, *SECRETS)

    def assert_harmless(self, html, sent):
        with self.subTest(sent):
            self.assertEqual(Page(html).faults, [], html)

    def test_the_parser_sees_bad_html(self):
        rel = 'rel="nofollow ugc noopener noreferrer"'
        for html in ("<script>", "<p onclick=a>a</p>", "<p>a", "a</p>", "<!-- a -->",
                     "<!DOCTYPE a>",
                     f'<a href="javascript:a" {rel}>a</a>', '<a href="http://a">a</a>',
                     f'<a href="http://a&quot;" {rel}>a</a>', "<?a?>", "<em><p>a</em></p>",
                     f'<a href="//a" {rel}>a</a>', '<code class="a">a</code>', "<img/src=x>",
                     "<input>", '<input type="checkbox">', '<input type="text" disabled>',
                     '<td align="a">a</td>'):
            self.assertNotEqual(Page(html).faults, [], html)
        self.assertEqual(Page(f'<p><a href="http://a/?b&amp;c" {rel}>a</a><br></p>').faults, [])

    def test_no_vector_runs_in_a_body(self):
        vectors = corpus()
        self.assertGreater(len(vectors), 150)
        taken = 0
        for number, vector in enumerate(vectors):
            content_id = f"{self.content_id}-{number}"
            answers = [
                self.server.post(POST, {"content_id": content_id, "body": vector}),
                self.server.post("/api/v1/previews", {"body": vector}),
                self.server.post(LEGACY_POST, {"content_id": content_id, "comment": vector,
                                                 "email": "a@example.com"})]
            statuses = [answer.status for answer in answers]
            self.assertIn(statuses, ([201, 200, 200], [422, 422, 422]), vector)
            if statuses[0] != 201:
                continue
            taken += 1
            page = self.server.get(f"{POST}?content_id={content_id}").json["items"]
            listed = self.server.get(f"/api/comment/list/{content_id}")
            self.assertEqual([item["comment"] for item in listed.json], [vector, vector])
            self.assertEqual(listed.headers["Content-Type"], "application/json")
            self.assertEqual(listed.headers["X-Content-Type-Options"], "nosniff")
            self.assertEqual({item["body_html"] for item in page}, {answers[1].json["body_html"]})
            for item in [answers[0].json, answers[1].json, *page]:
                self.assert_harmless(item["body_html"], vector)
        self.assertGreater(taken, 150)

    def test_a_name_and_a_site_never_come_near_html(self):
        taken = Counter()
        for vector in corpus():
            for field in ("name", "url", "email"):
                answer = self.server.post(POST, {"content_id": self.content_id, "body": "x",
                                                 "author": {field: vector}})
                self.assertIn(answer.status, (201, 422), vector)
                if answer.status == 201:
                    taken[field] += 1
                    self.assertEqual(answer.json["body_html"], "<p>x</p>\n")
                    self.assertEqual(answer.json["author"]["name"],
                                     vector if field == "name" else "")
                    self.assertNotIn("url", answer.json["author"])
                    if field == "url":
                        self.assertRegex(vector, "^(?i:https?)://")
                else:
                    self.assertEqual(answer.pointers, [f"/author/{field}"])
        self.assertGreater(taken["name"], 100)
        self.assertEqual(taken["email"], 0)

    def test_an_edit_cannot_bring_in_what_a_post_cannot(self):
        dice = random.Random(3)
        made = self.post_comment()
        for vector in dice.sample(corpus(), 60):
            answer = self.server.request("PATCH", f"{POST}/{made['id']}", {"body": vector},
                                         bearer(made["edit_token"]))
            if answer.status == 200:
                self.assert_harmless(answer.json["body_html"], vector)

    def test_invisible_characters_are_in_no_name(self):
        for name in ("a\u202eb", "\u2066a", "a\u200bb", "\ufeffa", "a\u00adb", "\u3164", "\u2800",
                     "a\U000e0041", "a" + "\u0301" * 5, "\u200d", " ", "a\u0000", "a\u001bb",
                     "a\u2028b", "a\nb", "\u115f", "a" * 201, "\u00e9" * 101):
            with self.subTest(name):
                answer = self.server.post(POST, {"content_id": "1", "body": "x",
                                                 "author": {"name": name}})
                self.assertEqual((answer.status, answer.pointers), (422, ["/author/name"]))
        for name in ("\u0130\u00e7\u0131", "\u05d3\u05d5\u05d3", "\u0645\u062d\u0645\u062f",
                     "Nguy\u1ec5n", "a" + "\u0301" * 4, "\U0001f642", "a" * 200):
            with self.subTest(name):
                self.assertEqual(self.post_comment(author={"name": name})["author"]["name"], name)


class Floods(CrowdTest):
    def test_markdown_that_is_slow_for_other_parsers_delays_no_client(self):
        server = self.serve()
        patterns = ["[", "]", "![", "[a](", "**a ", "*_", "> ", "`", "<", "<?", "<!", "- ", "1. ",
                    "~", "www.", "a@", "\\", "&amp;", "[a]: b\n", "http://a.b/", "<a ", "((", "|"]
        bodies = [(pattern * BODY_MAX)[:BODY_MAX] for pattern in patterns]
        bodies += ["*" * (BODY_MAX // 2) + "a" + "*" * (BODY_MAX // 2 - 1),
                   "[" * (BODY_MAX // 2) + "]" * (BODY_MAX // 2),
                   "".join("> " * n + "a\n" for n in range(1, 120))]
        with self.others_are_answered(server):
            answers = at_once([
                lambda n=n: [server.post(POST, {"content_id": "slow", "body": body})
                             for body in bodies[n::8]] for n in range(8)])
        for answer in (each for some in answers for each in some):
            self.assertEqual(answer.status, 201)
            self.assertEqual(Page(answer.json["body_html"]).faults, [])

    def test_a_thousand_links(self):
        server = self.serve(*SECRETS)
        body = "\n".join(f"www.a{n}.example" for n in range(1_000))[:BODY_MAX]
        made = server.post(POST, {"content_id": "1", "body": body}).json
        self.assertEqual(made["status"], "published")
        self.assertEqual(Page(made["body_html"]).faults, [])
        self.assertGreater(made["body_html"].count("<a "), 900)

    def test_a_chain_of_10000_replies_is_walked_page_by_page(self):
        server = self.enterContext(Server(*MEMORY, *NOW))  # it is not the disk that this is about
        count, parent, posted = scaled(10_000), None, []
        connection = http.client.HTTPConnection(server.host, server.port, timeout=PATIENCE)

        def ask(method, target, body=None):
            connection.request(method, target, body and json.dumps(body),
                               {"Content-Type": "application/json"})
            answer = connection.getresponse()
            if answer.status > 201:
                raise AssertionError(answer.read())
            return json.loads(answer.read())

        for number in range(count):
            made = ask("POST", POST, {"content_id": "chain", "body": f"{number}",
                                      "parent_id": parent})
            self.assertEqual(made.get("reply_to", made["parent_id"]), parent)
            parent = made["id"]
            posted.append(parent)
        seen, deepest, open_lists = [], 0, [(None, 0)]
        while open_lists:
            parent, depth = open_lists.pop()
            deepest = max(deepest, depth)
            cursor = ""
            while cursor is not None:
                of = f"&parent_id={parent}" if parent else ""
                page = ask("GET", f"{POST}?content_id=chain&limit=200{of}"
                           + (f"&cursor={cursor}" if cursor else ""))
                seen += [item["id"] for item in page["items"]]
                open_lists += [(item["id"], depth + 1) for item in page["items"]
                               if item["replies"]]
                cursor = page["next"]
        connection.close()
        self.assertEqual(deepest, DEPTH_MAX)
        self.assertEqual(sorted(seen), sorted(posted))
        whole = server.get("/api/comment/list/chain").json
        self.assertEqual([item["comment"] for item in whole], [f"{n}" for n in range(count)])

    def test_floods_of_fields(self):
        server = self.serve(*BEHIND_PROXY)
        hops = ", ".join(["192.0.2.1"] * 700)
        self.assertEqual(server.get("/healthz", at(hops)).status, 200)
        for value in ("", ",", ",,,,", "x", "192.0.2.1," * 700, "\u00ff", "[", "]:1", "::1%eth0",
                      "999.1.1.1", "1.1.1.1:99999", "'; DROP TABLE comment; --"):
            with self.subTest(value):
                answer = server.post(POST, {"content_id": "1", "body": "x"}, at(value))
                self.assertEqual(answer.status, 201)
        body = {f"{number}": [] for number in range(4_000)} | {"content_id": "1", "body": "x"}
        flooded = server.post(POST, body)
        self.assertEqual((flooded.status, len(flooded.pointers)), (422, 20))
        legacy = body | {"comment": "x", "email": "a@example.com"}
        self.assertEqual(server.post(LEGACY_POST, legacy).status, 200)
        query = "&".join(f"{number}" for number in range(1_500))
        self.assertEqual(server.get(f"{POST}?content_id=1&{query}").status, 200)
        many = "&".join(f"content_id={number}" for number in range(201))
        self.assertEqual(server.get(f"/api/v1/counts?{many}").status, 422)


class Races(ServerTest):
    options = (*MEMORY, *NOW, *SECRETS, *BEHIND_PROXY)

    def test_retries_that_race_make_one_comment_and_one_token(self):
        for turn in range(10):
            body = {"content_id": self.content_id, "body": "x"}
            key = {"Idempotency-Key": f"{self.content_id}-{turn}"}
            answers = at_once([lambda: self.server.post(POST, body, key)] * 16)
            self.assertEqual({answer.status for answer in answers}, {201})
            self.assertEqual(len({answer.json["id"] for answer in answers}), 1)
            first = [answer for answer in answers if "edit_token" in answer.json]
            replayed = [answer for answer in answers if answer.headers["Idempotency-Replayed"]]
            self.assertEqual((len(first), len(replayed)), (1, 15))
        self.assertEqual(self.count(), 10)

    def test_different_comments_that_race_for_a_key(self):
        key = {"Idempotency-Key": self.content_id}
        answers = at_once([lambda n=n: self.server.post(
            POST, {"content_id": self.content_id, "body": f"{n}"}, key) for n in range(16)])
        statuses = Counter(answer.status for answer in answers)
        self.assertEqual(statuses, {201: 1, 422: 15})
        self.assertEqual(self.count(), 1)

    def count(self):
        counts = self.server.get(f"/api/v1/counts?content_id={self.content_id}").json["counts"]
        return counts[self.content_id]

    def test_an_edit_and_a_removal_of_the_same_version_cannot_both_succeed(self):
        winners = Counter()
        for turn in range(40):
            made = self.post_comment(f"{turn}")
            target = f"{POST}/{made['id']}"
            guard = {"If-Match": f'"{made["version"]}"'}
            tasks = [lambda: self.server.request("PATCH", target, {"body": "edited"},
                                                 bearer(made["edit_token"]) | guard),
                     lambda: self.server.request("DELETE", target, headers=MODERATION | guard)]
            edited, removed = at_once(tasks)
            if removed.status == 204:
                self.assertIn(edited.status, (404, 412))
                self.assertEqual(self.server.get(target).status, 404)
            else:
                self.assertEqual((edited.status, removed.status), (200, 412))
                self.assertEqual(self.server.get(target).json["body"], "edited")
            winners[removed.status] += 1
        self.assertGreater(max(winners.values()), 0)

    def test_edits_that_race_lose_nothing_in_silence(self):
        made = self.post_comment("0")
        target, token = f"{POST}/{made['id']}", bearer(made["edit_token"])

        def append(number):
            while True:  # as a client does that wants to add to what is there
                now = self.server.get(target).json
                answer = self.server.request(
                    "PATCH", target, {"body": f"{now['body']} {number}"},
                    token | {"If-Match": f'"{now["version"]}"'})
                if answer.status != 412:
                    return answer.status

        self.assertEqual(at_once([lambda n=n: append(n) for n in range(1, 9)]), [200] * 8)
        self.assertEqual(sorted(self.server.get(target).json["body"].split()), list("012345678"))

    def test_votes_of_64_are_64_however_often(self):
        made = self.post_comment()
        target = f"{POST}/{made['id']}/vote"

        browsers = {}  # by voter: what the last vote proved

        def vote(number, methods):
            for method in methods:
                proof = {"Comments-Browser": browsers[number]} if number in browsers else {}
                answer = self.server.request(method, target, headers=at(address(number)) | proof)
                self.assertEqual(answer.status, 200)
                browsers[number] = answer.json.get("browser", browsers.get(number))

        at_once([lambda n=n: vote(n, ["PUT", "PUT", "DELETE", "PUT"]) for n in range(64)])
        self.assertEqual(self.server.get(f"{POST}/{made['id']}").json["votes"], 64)
        at_once([lambda n=n: vote(n, ["DELETE", "DELETE"]) for n in range(0, 64, 2)])
        self.assertEqual(self.server.get(f"{POST}/{made['id']}").json["votes"], 32)

    def test_decisions_that_race_with_replies_leave_a_tree_that_holds(self):
        root = self.post_comment("root")

        def reply(number):
            answer = self.server.post(POST, {"content_id": self.content_id, "body": f"{number}",
                                             "parent_id": root["id"]})
            return answer.status

        def remove():
            return self.server.post(ACTIONS, {"ids": [root["id"]], "action": "remove"},
                                    MODERATION).status

        statuses = at_once([lambda n=n: reply(n) for n in range(15)] + [remove])
        self.assertEqual(statuses.pop(), 200)
        self.assertLessEqual(set(statuses), {201, 404})
        replies = statuses.count(201)
        listed = self.server.get(f"{POST}?content_id={self.content_id}").json["items"]
        self.assertEqual([item["replies"] for item in listed], [replies] if replies else [])
        self.assertEqual(self.count(), replies)


class Rates(ServerTest):
    options = (*MEMORY, *NOW)

    def serve(self, *options):
        return self.enterContext(Server(*MEMORY, *NOW, *options))

    def assert_limited(self, answer, name, most):
        self.assert_problem(answer, 429, "rate_limited")
        self.assertTrue(1 <= int(answer.headers["Retry-After"]) <= 60)
        if name:
            self.assertEqual(answer.headers["RateLimit-Policy"], f'"{name}";q={most};w=60')
            self.assertTrue(answer.headers["RateLimit"].startswith(f'"{name}";r=0;t='))

    def comment(self, server, content_id="1", headers=None):
        return server.post(POST, {"content_id": content_id, "body": "x"}, headers)

    def test_writes(self):
        server = self.serve("--write-rate", "3")
        for left in (2, 1, 0):
            answer = self.comment(server)
            self.assertTrue(answer.headers["RateLimit"].startswith(f'"write";r={left};t='))
        self.assert_limited(self.comment(server), "write", 3)
        for method, path in (("POST", LEGACY_POST), ("PATCH", f"{POST}/x"), ("DELETE", "/x"),
                             ("PUT", f"{POST}/x/vote"), ("POST", "/api/v1/previews")):
            self.assert_limited(server.request(method, path), "write", 3)
        for _ in range(20):
            self.assertEqual(server.get(f"{POST}?content_id=1").status, 200)
            self.assertEqual(server.request("OPTIONS", POST).status, 204)
        self.assertEqual(server.get("/api/v1/counts?content_id=1").json["counts"], {"1": 3})

    def test_reads(self):
        server = self.serve("--read-rate", "3")
        for path in (f"{POST}?content_id=1", "/nowhere", "/api/comment/list/1"):
            self.assertEqual(server.get(path).headers["RateLimit-Policy"], '"read";q=3;w=60')
        self.assert_limited(server.get(f"{POST}?content_id=1"), "read", 3)
        self.assertEqual(server.request("HEAD", f"{POST}?content_id=1").status, 429)
        self.assert_limited(server.get("/api/v1/events?content_id=1"), "read", 3)
        for _ in range(5):
            self.assertEqual(self.comment(server).status, 201)
            for probe in ("/healthz", "/readyz", "/metrics", "/version"):
                self.assertEqual(server.get(probe).status, 200)

    def test_a_content(self):
        server = self.serve("--content-rate", "3", *BEHIND_PROXY)
        for number in range(3):
            self.assertEqual(self.comment(server, "1", at(address(number))).status, 201)
        self.assert_limited(self.comment(server, "1", at(address(9))), "", 3)
        self.assert_limited(server.post(LEGACY_POST, {
            "content_id": 1, "comment": "x", "email": "a@example.com"}), "", 3)
        self.assertEqual(self.comment(server, "2").status, 201)

    def test_addresses_that_a_client_makes_up_count_for_nothing(self):
        server = self.serve("--write-rate", "3")
        for number in range(3):
            made_up = at(address(number)) | {"X-Real-IP": address(number), "Forwarded":
                                             f"for={address(number)}"}
            self.assertEqual(self.comment(server, "1", made_up).status, 201)
        self.assert_limited(self.comment(server, "1", at(address(4))), "write", 3)
        made = server.get(f"{POST}?content_id=1").json["items"][0]
        voter = Server(*MEMORY, *NOW)
        with voter:  # nor do they vote twice
            made = self.comment(voter).json
            for number in range(5):
                answer = voter.request("PUT", f"{POST}/{made['id']}/vote",
                                       headers=at(address(number)))
                self.assertEqual(answer.json["votes"], 1)

    def test_behind_a_proxy_the_last_address_counts(self):
        server = self.serve("--write-rate", "3", *BEHIND_PROXY)
        for number in range(3):  # what stands before it, a client may have made up
            hops = at(f"{address(number)}, 192.0.2.1")
            self.assertEqual(self.comment(server, "1", hops).status, 201)
        self.assert_limited(self.comment(server, "1", at("192.0.2.1")), "write", 3)
        self.assert_limited(self.comment(server, "1", at("192.0.2.1, 127.0.0.1")), "write", 3)
        self.assertEqual(self.comment(server, "1", at("192.0.2.1, 192.0.2.2")).status, 201)

    def test_a_limited_client_costs_no_other_client_anything(self):
        server = self.serve("--write-rate", "5", *BEHIND_PROXY)

        def flood():
            return [self.comment(server, "flood", at("192.0.2.66")).status for _ in range(100)]

        def post():
            return [self.comment(server, "1", at(address(number))).status for number in range(100)]

        flooded, posted = at_once([flood, post])
        self.assertEqual(Counter(flooded), {201: 5, 429: 95})
        self.assertEqual(set(posted), {201})


if __name__ == "__main__":
    main()
