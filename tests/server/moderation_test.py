"""moderation_test - moderators who decide at once, readers who report, and contents with modes.

What three moderators do by chance is replayed by a model of the table in `docs/http-api.md`. The
tests with chance print their seed when they fail.
"""
import random
import threading
import unittest
from collections import Counter
from urllib.parse import urlencode

from crowd import scaled
from people import (ACTIONS, BEHIND_PROXY, MODERATOR, QUEUE, SECRETS, address, at, bearer, jwt)
from support import POST, Server, ServerTest, at_once, main

MEMORY, NOW = ("--store", "memory:"), ("--drain-delay", "0")
MODERATION = bearer(MODERATOR)
MOVES = {  # what each action makes of a comment
    "pending": {"approve": "published", "spam": "spam", "remove": "removed"},
    "published": {"approve": "published", "hold": "pending", "spam": "spam", "remove": "removed"},
    "spam": {"approve": "published", "hold": "pending", "remove": "removed"},
    "removed": {},
}
UNKNOWN_ID = "01890000-0000-7000-8000-000000000000"


def history(server, comment_id):
    """All of it, page after page."""
    events, after = [], 0
    while after is not None:
        page = server.get(f"{POST}/{comment_id}/history?after={after}", MODERATION).json
        events += page["items"]
        after = page["next"]
    return events


def queue(server, **query):
    """All that is in the moderators' queue."""
    items, cursor = [], {}
    while cursor is not None:
        page = server.get(f"{QUEUE}?{urlencode(query | cursor)}", MODERATION)
        if page.status != 200:
            raise AssertionError(page)
        items += page.json["items"]
        cursor = {"cursor": page.json["next"]} if page.json["next"] else None
    return items


class Moderator:
    """Decides by chance, sometimes only about an expected version, and notes the outcome."""

    def __init__(self, server, name, dice, shared):
        self.server, self.name, self.dice, self.shared = server, name, dice, shared
        self.token = bearer(jwt(sub=name, role="moderator"))
        self.made, self.refused = {}, []  # by version; (id, action, If-Match, since, until, status)

    def version_now(self):
        return self.server.get("/api/v1/contents/1").json["version"]

    def decide(self, number):
        one, action = self.dice.choice(self.shared), self.dice.choice(
            ["approve", "approve", "hold", "hold", "spam", "spam", "remove"])
        since = self.version_now()
        expected = self.version_of(one) if self.dice.random() < 0.5 else None
        headers = self.token | ({"If-Match": f'"{expected}"'} if expected else {})
        reason = f"{self.name} {number}"
        answer = self.server.post(
            ACTIONS, {"ids": [one], "action": action, "reason": reason}, headers)
        if answer.status == 200:
            item, = answer.json["items"]
            self.made[item["version"]] = (one, action, expected, item["status"], reason)
        else:
            self.refused.append((one, action, expected, since, self.version_now(), answer))

    def version_of(self, one):
        return self.server.get(f"{POST}/{one}", self.token).json["version"]


class Table(unittest.TestCase):
    def setUp(self):
        seed = random.randrange(2**32)
        self.dice = random.Random(seed)
        self.enterContext(self.subTest(seed=seed))

    def test_what_three_moderators_do_is_what_the_table_allows(self):
        with Server("--store", "sqlite:comments.db", *NOW, *SECRETS) as server:
            ids = [server.post(POST, {"content_id": "1", "body": f"{n}"}).json["id"]
                   for n in range(12)]
            people = [Moderator(server, name, random.Random(self.dice.random()), ids)
                      for name in ("ana", "bia", "caio")]

            def work(one):
                for number in range(scaled(150)):
                    one.decide(number)

            at_once([lambda p=p: work(p) for p in people])
            events = {one: history(server, one) for one in ids}
            self.assert_each_is_explained(people, events)
            self.assert_conflicts_are_explained(people, events)
            listed = {item["id"]: item["status"] for item in queue(server, status="all", limit=7)}
            last = {one: events[one][-1]["status"] for one in ids}
            self.assertEqual(listed, last)
            content = server.get("/api/v1/contents/1").json
            self.assertEqual(content["comments"], Counter(last.values())["published"])
            self.assertEqual(content["version"], sum(map(len, events.values())))
            shown = server.get(f"{POST}?content_id=1").json["items"]
            self.assertEqual({item["id"] for item in shown},
                             {one for one in ids if last[one] == "published"})

    def assert_each_is_explained(self, people, events):
        """That the histories are what was acknowledged, each a legal move, and nothing else."""
        acknowledged = {}
        for one in people:
            for version, what in one.made.items():
                self.assertNotIn(version, acknowledged)
                acknowledged[version] = (one.name, *what)
        for comment_id, happened in events.items():
            first, *moved = happened
            self.assertEqual((first["kind"], first["status"]), ("posted", "published"))
            at, version = first["status"], first["version"]
            for event in moved:
                name, one, action, expected, status, reason = acknowledged.pop(event["version"])
                self.assertEqual(one, comment_id)
                self.assertEqual(status, MOVES[at][action])
                self.assertEqual((event["by"], event["reason"], event["status"]),
                                 (f"moderator {name}", reason, status))
                self.assertIn(expected, (None, version))
                at, version = status, event["version"]
        self.assertEqual(acknowledged, {})

    def assert_conflicts_are_explained(self, people, events):
        """That each refusal fits a state that was there while its request ran."""
        refused = [told for one in people for told in one.refused]
        codes = Counter(told[-1].status for told in refused)
        self.assertEqual(set(codes) - {409, 412}, set())
        if scaled(10) == 10:
            self.assertGreater(codes[409], 0)
        for one, action, expected, since, until, answer in refused:
            happened = events[one]
            behind = [event["version"] for event in happened[1:]] + [float("inf")]
            states = [event for event, over in zip(happened, behind)
                      if over > since and event["version"] <= until]
            if answer.status == 412:
                self.assertTrue([s for s in states if s["version"] != expected], answer)
            else:
                self.assertTrue([s for s in states if action not in MOVES[s["status"]]
                                 and expected in (None, s["version"])], answer)


class Desk(ServerTest):
    options = (*MEMORY, *NOW, *SECRETS, *BEHIND_PROXY)

    def decide(self, ids, action, **more):
        return self.server.post(ACTIONS, {"ids": ids, "action": action} | more, MODERATION)

    def status_of(self, comment_id):
        return self.server.get(f"{POST}/{comment_id}", MODERATION).json["status"]

    def report(self, comment_id, sender, reason="spam"):
        return self.server.post(f"{POST}/{comment_id}/reports", {"reason": reason}, at(sender))

    # --- bulk ---

    def test_bulk_decides_each_by_itself(self):
        fine, spam, gone = (self.post_comment(f"{n}")["id"] for n in range(3))
        self.decide([spam], "spam"), self.decide([gone], "remove")
        answer = self.decide([fine, spam, gone, UNKNOWN_ID, fine], "spam", reason="seen")
        self.assertEqual(answer.status, 200)
        items = answer.json["items"]
        self.assertEqual([item["id"] for item in items], [fine, spam, gone, UNKNOWN_ID, fine])
        self.assertEqual([item.get("status") for item in items], ["spam"] + [None] * 4)
        self.assertEqual([item.get("error") for item in items],
                         [None, "conflict", "conflict", "not_found", "conflict"])

    def test_100_at_once_and_not_101(self):
        ids = [self.post_comment(f"{n}")["id"] for n in range(101)]
        answer = self.decide(ids, "hold")
        self.assert_problem(answer, 422, "validation")
        self.assertEqual(answer.json["errors"], [{"pointer": "/ids", "code": "too_many"}])
        self.assertEqual({self.status_of(one) for one in ids[:3]}, {"published"})
        answer = self.decide(ids[:100], "hold")
        self.assertEqual({item["status"] for item in answer.json["items"]}, {"pending"})
        self.assertEqual(self.status_of(ids[100]), "published")

    def test_10000_at_once_are_too_large(self):
        self.assert_problem(self.decide([UNKNOWN_ID] * 10_000, "remove"), 413, "too_large")

    def test_as_many_as_fit_are_too_many(self):
        self.assert_problem(self.decide([UNKNOWN_ID] * 1_600, "remove"), 422, "validation")

    def test_1000_with_the_option_and_not_1001(self):
        with Server(*MEMORY, *NOW, *SECRETS, "--decisions-max", "1000") as server:
            for count, status in ((1000, 200), (1001, 422)):
                answer = server.post(ACTIONS, {"ids": [UNKNOWN_ID] * count, "action": "hold"},
                                     MODERATION)
                self.assertEqual(answer.status, status)

    def test_requests_that_are_no_decision(self):
        one = self.post_comment()["id"]
        for body in ({}, {"ids": [one]}, {"action": "hold"}, {"ids": [], "action": "hold"},
                     {"ids": one, "action": "hold"}, {"ids": ["x"], "action": "hold"},
                     {"ids": [1], "action": "hold"}, {"ids": [one], "action": "publish"},
                     {"ids": [one], "action": "HOLD"}, {"ids": [one], "action": None},
                     {"ids": [one], "action": "hold", "reason": "x" * 1001},
                     {"ids": [one], "action": "hold", "reason": "\u0000"},
                     {"ids": [one], "action": "hold", "reason": 1}):
            with self.subTest(body):
                self.assert_problem(self.server.post(ACTIONS, body, MODERATION), 422, "validation")
        self.assertEqual(self.decide([one], "hold", reason="x" * 1000).status, 200)

    def test_only_moderators_decide(self):
        made = self.post_comment()
        action = {"ids": [made["id"]], "action": "remove"}
        for headers, status in [({}, 401), (bearer("x"), 401), (bearer(made["edit_token"]), 401),
                                (bearer(jwt(sub="ana")), 403),
                                (bearer(jwt(sub="ana", role="Moderator")), 403),
                                (bearer(jwt(sub="ana", role="moderator ")), 403)]:
            with self.subTest(headers):
                for answer in (
                        self.server.post(ACTIONS, action, headers),
                        self.server.get(QUEUE, headers),
                        self.server.get(f"{POST}/{made['id']}/history", headers),
                        self.server.get(f"{POST}/{UNKNOWN_ID}/history", headers),
                        self.server.request("PATCH", "/api/v1/contents/1", {"status": "locked"},
                                            headers)):
                    self.assert_problem(answer, status)
        self.assertEqual(self.status_of(made["id"]), "published")

    # --- reports ---

    def test_three_reporters_hold_a_comment_and_as_many_again_after_a_decision(self):
        one = self.post_comment()["id"]
        for senders in (1, 2, 3), (4, 5, 6):
            for sender in senders[:2]:
                for _ in range(3):  # once for each
                    self.assertEqual(self.report(one, address(sender)).status, 204)
            self.assertEqual(self.status_of(one), "published")
            if senders[0] > 1:  # those who were heard before count no more
                for sender in (1, 2, 3):
                    self.report(one, address(sender))
                self.assertEqual(self.status_of(one), "published")
            self.assertEqual(self.report(one, address(senders[2])).status, 204)
            self.assertEqual(self.status_of(one), "pending")
            item, = (item for item in queue(self.server, status="pending") if item["id"] == one)
            self.assertEqual(item["reports"], 3)
            self.assert_problem(self.report(one, address(9)), 404)  # readers see it no more
            self.decide([one], "approve")
            self.assertEqual(self.status_of(one), "published")
        self.assertEqual([event["by"] for event in history(self.server, one)
                          if event["kind"] == "moderated"],
                         ["reports", "moderator", "reports", "moderator"])

    def test_racing_reporters_hold_it_once(self):
        one = self.post_comment()["id"]
        answers = at_once([lambda n=n: self.report(one, address(n)) for n in range(16)])
        self.assertLessEqual({answer.status for answer in answers}, {204, 404})
        held = [event for event in history(self.server, one) if event["kind"] == "moderated"]
        self.assertEqual([event["by"] for event in held], ["reports"])

    def test_reports_of_hidden_comments_are_refused(self):
        one = self.post_comment()["id"]
        for reason in ("", " ", "x" * 1001, "\u0007", None, 1):
            with self.subTest(reason):
                answer = self.report(one, address(1), reason)
                self.assertEqual((answer.status, answer.pointers), (422, ["/reason"]))
        self.assertEqual(self.report(one, address(1), "x" * 1000).status, 204)
        self.decide([one], "remove")
        for comment_id in (one, UNKNOWN_ID, "x"):
            self.assert_problem(self.report(comment_id, address(1)), 404, "not_found")

    # --- the queue ---

    def test_pages_of_a_queue_that_others_work_on_hold_each_once(self):
        dice = random.Random(7)
        with Server(*MEMORY, *NOW, *SECRETS, "--mode", "premoderated") as server:
            ids = [server.post(POST, {"content_id": f"{n % 5}", "body": f"{n}"}).json["id"]
                   for n in range(scaled(400))]
            decided = dice.sample(ids, len(ids) // 2)
            pages = threading.Event()

            def decide():
                pages.wait()
                for start in range(0, len(decided), 5):
                    server.post(ACTIONS, {"ids": decided[start:start + 5],
                                          "action": dice.choice(["approve", "spam", "remove"])},
                                MODERATION)

            def walk():
                pages.set()
                return [item["id"] for item in queue(server, limit=3)]

            seen = at_once([decide, walk, walk])[1:]
            for walked in seen:
                self.assertEqual(len(walked), len(set(walked)))
                self.assertEqual(set(walked) - set(decided), set(ids) - set(decided))
                self.assertEqual(walked, sorted(walked))  # ids begin with the time: oldest first
            left = [item["id"] for item in queue(server)]
            self.assertEqual(left, sorted(set(ids) - set(decided)))

    def test_what_the_queue_is_asked_for(self):
        for query, pointer in [("status=x", "status"), ("status=", "status"), ("limit=0", "limit"),
                               ("limit=201", "limit"), ("limit=x", "limit"), ("q=%00", "q"),
                               ("q=" + "x" * 201, "q")]:
            with self.subTest(query):
                answer = self.server.get(f"{QUEUE}?{query}", MODERATION)
                self.assertEqual((answer.status, answer.pointers), (422, [pointer]))
        for cursor in ("x", "", "MQ.x"):
            self.assert_problem(self.server.get(f"{QUEUE}?cursor={cursor}", MODERATION), 400)
        self.post_comment("one"), self.post_comment("two")
        page = self.server.get(f"{QUEUE}?status=all&limit=1", MODERATION).json
        other = self.server.get(f"{QUEUE}?status=spam&cursor={page['next']}", MODERATION)
        self.assert_problem(other, 400)  # a cursor is of one list
        for text, count in (("%", 1), ("_", 0), ("' OR 1=1 --", 0), ("100%", 1), ("\\", 0)):
            with self.subTest(text):
                if not queue(self.server, status="all", q="100% sure"):
                    self.post_comment("100% sure")
                self.assertEqual(len(queue(self.server, status="all", q=text)), count)

    # --- modes ---

    def set_mode(self, status, **more):
        answer = self.server.request("PATCH", f"/api/v1/contents/{self.content_id}",
                                     {"status": status} | more, MODERATION)
        self.assertEqual(answer.status, 200, answer)
        return answer.json["status"]

    def comment(self, **more):
        return self.server.post(POST, {"content_id": self.content_id, "body": "x"} | more)

    def listed(self):
        return [item["id"] for item in
                self.server.get(f"{POST}?content_id={self.content_id}").json["items"]]

    def test_premoderated(self):
        self.assertEqual(self.set_mode("premoderated"), "premoderated")
        made = self.comment().json
        self.assertEqual((made["status"], self.listed()), ("pending", []))
        self.assert_problem(self.server.get(f"{POST}/{made['id']}"), 404)
        mine = self.server.get(f"{POST}/{made['id']}", bearer(made["edit_token"]))
        self.assertEqual(mine.json["body"], "x")
        reply = self.comment(parent_id=made["id"])
        self.assert_problem(reply, 404)
        self.assert_problem(self.server.request("PUT", f"{POST}/{made['id']}/vote"), 404)
        self.decide([made["id"]], "approve")
        self.assertEqual(self.listed(), [made["id"]])
        edited = self.server.request("PATCH", f"{POST}/{made['id']}", {"body": "an advertisement"},
                                     bearer(made["edit_token"]))
        self.assertEqual(edited.json["status"], "pending")  # no moderator has read it

    def test_first_comment(self):
        self.set_mode("first-comment")
        known = {"name": "Known", "email": "Known@example.com"}
        first = self.comment(author=known).json
        self.assertEqual(first["status"], "pending")
        post = {"content_id": self.content_id, "body": "x"}
        browser = {"Comments-Browser": first["browser"]}
        self.assertEqual(self.server.post(POST, post, browser).json["status"], "pending")
        self.decide([first["id"]], "approve")
        self.assertEqual(self.server.post(POST, post, browser).json["status"], "published")
        for author in ({}, known, {"name": "Known"}, {"email": "Known@example.com"}):
            self.assertEqual(self.comment(author=author).json["status"], "pending")

    def test_locked_and_the_default_again(self):
        made = self.comment().json
        self.assertEqual(self.set_mode("locked", reason="a fight"), "locked")
        self.assert_problem(self.comment(), 403, "content_locked")
        self.assert_problem(
            self.server.post("/api/comment/new", {"content_id": self.content_id, "comment": "x",
                                                  "email": "a@example.com"}), 403)
        target, token = f"{POST}/{made['id']}", bearer(made["edit_token"])
        self.assert_problem(self.server.request("PATCH", target, {"body": "y"}, token), 403,
                            "content_locked")
        self.assertEqual(self.server.request("PUT", f"{target}/vote").status, 200)
        self.assertEqual(self.report(made["id"], address(1)).status, 204)
        self.assertEqual(self.server.request("DELETE", target, headers=token).status, 204)
        self.assertEqual(self.set_mode(None), "open")
        self.assertEqual(self.comment().status, 201)

    def test_no_request_after_the_answer_to_a_lock_gets_in(self):
        self.comment()
        is_locked = threading.Event()

        def post():
            told = []
            while not told or not told[-1][0]:  # one more, once it is locked
                told.append((is_locked.is_set(), self.comment().status))
            return told

        def lock():
            self.set_mode("locked")
            is_locked.set()
            return []

        for told in at_once([post] * 6 + [lock])[:6]:
            self.assertEqual(told[-1], (True, 403))
            self.assertLessEqual({status for _, status in told}, {201, 403})

    def test_a_mode_is_guarded_by_the_contents_version(self):
        target = f"/api/v1/contents/{self.content_id}"
        version = self.comment().json["version"]
        for etag, status in (('"0"', 412), ('"2"', 412), ("1", 412), ('W/"1"', 412), ('"x"', 412),
                             (f'"{version}"', 200), (f'"{version}"', 412), ("*", 200)):
            with self.subTest(etag):
                answer = self.server.request("PATCH", target, {"status": "premoderated"},
                                             MODERATION | {"If-Match": etag})
                self.assertEqual(answer.status, status, answer)
        for status in ("OPEN", "", "closed", 1, []):
            with self.subTest(status):
                answer = self.server.request("PATCH", target, {"status": status}, MODERATION)
                self.assertEqual((answer.status, answer.pointers), (422, ["/status"]))


if __name__ == "__main__":
    main()
