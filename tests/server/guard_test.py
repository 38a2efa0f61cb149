"""guard_test - what a server refuses and holds before its owner has set anything, and what not."""
import time
import unittest

from people import (ACTIONS, BEHIND_PROXY, MODERATOR, QUEUE, SECRETS, address, at, bearer, jwt)
from support import LEGACY_POST, POST, Server, ServerTest, main, until

MEMORY, NOW = ("--store", "memory:"), ("--drain-delay", "0")
LINK = "Look at https://example.com"
POSTS, WRITES = 20, 60  # of a client in a minute


class Guarded(ServerTest):
    """Each test is a client of its own, known by what the proxy says."""

    options = (*MEMORY, *NOW, *SECRETS, *BEHIND_PROXY)
    clients = iter(range(1, 1000))

    @classmethod
    def setUpClass(cls):
        cls.server = cls.enterClassContext(Server(*cls.options, guard=None))

    def setUp(self):
        self.client = at(address(next(self.clients)))

    def post(self, body, headers=None, **more):
        written = {"content_id": self.content_id, "body": body} | more
        return self.server.post(POST, written, self.client | (headers or {}))

    def post_legacy(self, comment):
        return self.server.post(LEGACY_POST, {"content_id": self.content_id, "comment": comment,
                                              "email": "guilherme@example.com"}, self.client)

    def assert_status(self, status, answer):
        self.assertEqual((answer.status, answer.json.get("status")), (201, status), answer)

    def assert_repeated(self, answer):
        self.assert_problem(answer, 422, "validation")
        self.assertEqual(answer.json["errors"], [{"pointer": "/body", "code": "repeated"}])

    def test_of_sixty_posts_in_a_row_with_a_link_none_is_published(self):
        # All were.
        answers = [self.post(f"{LINK}/{n}") for n in range(60)]
        taken = [answer for answer in answers if answer.status == 201]
        self.assertTrue(POSTS <= len(taken) <= POSTS + 5, len(taken))
        self.assertEqual({answer.json["status"] for answer in taken}, {"pending"})
        self.assertEqual({answer.status for answer in answers}, {201, 429})
        self.assert_problem(answers[-1], 429, "rate_limited")
        self.assertTrue(1 <= int(answers[-1].headers["Retry-After"]) <= 60)

    def test_a_post_that_came_too_early_is_taken_after_the_time_that_the_answer_says(self):
        """Though it has no key: a text that was not stored is no repetition."""
        refused = next(answer for answer in (self.post(f"{n}") for n in range(POSTS + 5))
                       if answer.status == 429)
        told, wait = time.monotonic(), int(refused.headers["Retry-After"])
        self.assertLessEqual(wait, 60 // POSTS + 1)
        self.assertEqual(self.post("once more").status, 429)
        until(lambda: time.monotonic() > told + wait, "what the answer says")
        self.assert_status("published", self.post("once more"))
        self.assert_repeated(self.post("Once  More"))

    def test_votes_and_previews_are_writes_and_no_posts(self):
        made = self.post("x").json
        for n in range(POSTS + 5):
            voted = self.server.request("PUT", f"{POST}/{made['id']}/vote", headers=self.client)
            self.assertEqual(voted.status, 200)
        self.assert_status("published", self.post("y"))
        answers = [self.server.post("/api/v1/previews", {"body": "x"}, self.client).status
                   for _ in range(WRITES)]
        self.assertIn(429, answers)

    def test_readings_have_no_limit(self):
        for _ in range(150):
            self.assertEqual(self.server.get(f"{POST}?content_id=1", self.client).status, 200)

    def test_links_wait_until_a_comment_of_their_author_is_published(self):
        ana = bearer(jwt(sub="ana"))
        held = self.post(LINK, ana)
        self.assert_status("pending", held)
        queued = self.server.get(f"{QUEUE}?q=Look", bearer(MODERATOR)).json["items"]
        self.assertIn(held.json["id"], [item["id"] for item in queued])
        history = self.server.get(f"{POST}/{held.json['id']}/history", bearer(MODERATOR)).json
        self.assertEqual(history["items"][0]["reason"], "1 link of a newcomer")
        self.server.post(ACTIONS, {"ids": [held.json["id"]], "action": "approve"},
                         bearer(MODERATOR))
        self.assert_status("published", self.post(LINK + " too", ana))
        self.assert_status("pending", self.post(LINK + " as well", bearer(jwt(sub="bia"))))
        self.assert_status("pending", self.post(LINK + ", I say"))

    def test_a_browser_is_no_newcomer_once_moderators_approved_one_of_its_comments(self):
        held = self.post(LINK).json
        browser = {"Comments-Browser": held["browser"]}
        self.assert_status("pending", self.post(LINK + " too", browser))
        self.server.post(ACTIONS, {"ids": [held["id"]], "action": "approve"}, bearer(MODERATOR))
        self.assert_status("published", self.post(LINK + " once more", browser))

    def test_a_name_and_an_address_that_anybody_can_type_open_nothing(self):
        ana = {"author": {"name": "Ana", "email": "ana@example.com"}}
        held = self.post(LINK, **ana).json
        self.server.post(ACTIONS, {"ids": [held["id"]], "action": "approve"}, bearer(MODERATOR))
        self.assert_status("published", self.post("Hello", **ana))
        self.assert_status("pending", self.post(LINK + " too", **ana))

    def test_a_newcomer_cannot_put_a_link_into_a_comment_later(self):
        made = self.post("Nothing to see").json
        edited = self.server.request("PATCH", f"{POST}/{made['id']}", {"body": LINK},
                                     self.client | bearer(made["edit_token"]))
        self.assertEqual(edited.json["status"], "pending")

    def test_moderators_post_what_they_like(self):
        for _ in range(2):
            self.assert_status("published", self.post(LINK, bearer(MODERATOR)))

    def test_what_is_said_twice_is_refused_wherever_and_a_retry_is_not(self):
        for _ in range(2):
            self.assert_status("published", self.post("Buy now!", {"Idempotency-Key": "k"}))
        self.assert_repeated(self.post("buy NOW!"))
        self.assert_repeated(self.post("Buy now!", content_id="another", parent_id=None))
        self.assert_repeated(self.post("Buy now!", {"Idempotency-Key": "k"}, content_id="another"))
        self.client = at(address(next(self.clients)))
        self.assert_status("published", self.post("Buy now!"))

    def test_two_people_of_one_ipv6_network_may_say_the_same(self):
        for reader in ("2001:db8:1:1::a", "2001:db8:1:2::b"):
            self.client = at(reader)
            self.assert_status("published", self.post("Obrigado!"))
        self.client = at("2001:db8:1:2::c")  # the same /64, which is one client
        self.assert_repeated(self.post("Obrigado!"))

    def test_an_author_may_correct_a_capital(self):
        made = self.post("primeiro post").json
        for body in ("Primeiro post", "Primeiro post!", "primeiro post"):
            edited = self.server.request("PATCH", f"{POST}/{made['id']}", {"body": body},
                                         self.client | bearer(made["edit_token"]))
            self.assertEqual((edited.status, edited.json["body"]), (200, body))

    def test_typing_time_counts_where_a_form_was_shown(self):
        form = self.server.get("/api/v1/form", self.client).json["form"]
        shown = time.monotonic()
        self.assert_status("spam", self.post("fast", form=form))
        self.assert_status("published", self.post("from an app"))
        until(lambda: time.monotonic() > shown + 1.01, "a second of typing")
        self.assert_status("published", self.post("slow", form=form))

    def test_the_legacy_api_is_neither_refused_nor_held_but_for_rates(self):
        for _ in range(3):
            self.assertEqual(self.post_legacy(LINK).status, 200)
        listed = self.server.get(f"/api/comment/list/{self.content_id}").json
        self.assertEqual([item["comment"] for item in listed], [LINK] * 3)
        # Nor does it count against what comes another way.
        self.assertEqual(self.post_legacy("Primeiro Post!").status, 200)
        self.assert_status("published", self.post("Primeiro post!"))
        self.assertEqual({self.post_legacy("x").status for _ in range(POSTS)}, {200, 429})

    def test_one_content_takes_sixty_posts_a_minute_of_all_together(self):
        statuses = []
        for n in range(66):
            self.client = at(address(500 + n))
            statuses.append(self.post("x").status)
        self.assertEqual(statuses[:60], [201] * 60)
        self.assertIn(429, statuses)


class Choice(unittest.TestCase):
    def serve(self, *options, guard=None, env=None):
        return self.enterContext(Server(*MEMORY, *NOW, *options, guard=guard, env=env))

    def statuses(self, server, count, headers=None, body="x {}"):
        return [(answer := server.post(POST, {"content_id": "1", "body": body.format(n)}, headers))
                and (answer.json["status"] if answer.status == 201 else answer.status)
                for n in range(count)]

    def test_without_the_guard_all_is_published(self):
        for server in (self.serve(guard="off"), self.serve(env={"COMMENTS_GUARD": "off"})):
            self.assertEqual(self.statuses(server, 70, body=LINK), ["published"] * 70)
            self.assertIsNone(server.post(POST, {}).headers["RateLimit"])

    def test_an_option_that_is_set_wins_over_the_guard(self):
        for option, count, body, wanted in [
                ("--post-rate=0", 25, "x {}", ["published"] * 25),
                ("--post-rate=2", 3, "x {}", ["published"] * 2 + [429]),
                ("--write-rate=3", 4, "x {}", ["published"] * 3 + [429]),
                ("--write-rate=0", 60, "x {}", ["published"] * 60),
                ("--content-rate=1", 2, "x {}", ["published", 429]),
                ("--newcomer-links-max=-1", 2, LINK + "/{}", ["published"] * 2),
                ("--newcomer-links-max=1", 1, f"{LINK} {LINK}", ["pending"]),
                ("--repeat-window=0", 2, "x", ["published"] * 2),
                ("--typing-time=1", 1, "x", ["pending"]),
                ("--links-max=0", 1, LINK, ["pending"])]:
            with self.subTest(option), Server(*MEMORY, *NOW, option, guard=None) as server:
                self.assertEqual(self.statuses(server, count, body=body), wanted)

    def test_what_the_owner_sets_counts_for_the_legacy_api_too(self):
        server = self.serve("--repeat-window", "60")
        said = {"content_id": 1, "comment": "x", "email": "guilherme@example.com"}
        self.assertEqual([server.post(LEGACY_POST, said).status for _ in range(2)], [200, 422])

    def test_without_the_guard_an_option_works_alone(self):
        server = self.serve("--post-rate", "2", guard="off")
        self.assertEqual(self.statuses(server, 3, body=LINK + "{}"), ["published"] * 2 + [429])

    def test_readers_behind_a_proxy_that_is_not_heard_are_not_taken_for_one(self):
        for header in ("X-Forwarded-For", "Forwarded", "X-Real-IP"):
            with self.subTest(header), Server(*MEMORY, *NOW, guard=None) as server:
                behind = {header: "192.0.2.1"}
                self.assertEqual(self.statuses(server, 45, behind), ["published"] * 45)
                self.assertEqual(self.statuses(server, 2, behind, "Obrigado!"), ["published"] * 2)
                self.assertEqual(self.statuses(server, 1, behind, LINK), ["pending"])
                told = server.told("proxy_unheard")
                self.assertEqual([event["header"] for event in told], [header])
                # The content's rate holds, and so do those of clients that came directly.
                self.assertIn(429, self.statuses(server, 20, behind, "y {}"))
                direct = [server.post("/api/v1/previews", {"body": "x"}).status for _ in range(65)]
                self.assertIn(429, direct)

    def test_accounts_behind_such_a_proxy_are_told_apart(self):
        server = self.serve(*SECRETS)
        ana, bia = ({"X-Forwarded-For": "192.0.2.1"} | bearer(jwt(sub=who)) for who in "ab")
        self.assertEqual(self.statuses(server, 2, ana, "Buy now!"), ["published", 422])
        self.assertEqual(self.statuses(server, 2, bia, "Buy now!"), ["published", 422])

    def test_tokens_are_limited_whatever_header_a_client_makes_up(self):
        server = self.serve("--token-rate", "3", *SECRETS)
        statuses = [server.get(QUEUE, {"X-Forwarded-For": address(n)} | bearer("wrong")).status
                    for n in range(5)]
        self.assertEqual(statuses, [401] * 3 + [429] * 2)


if __name__ == "__main__":
    main()
