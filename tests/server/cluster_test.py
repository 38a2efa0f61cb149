"""cluster_test - three nodes on one database answer as one.

The tests with chance print their seed when they fail.
"""
import random
import statistics
import threading
import time
from urllib.parse import urlencode

from cluster import Anyone, ClusterTest
from events_test import Follower, Writer
from people import MODERATOR, SECRETS, bearer
from postgres_wire import Between, lose_notifications, without_notify
from support import POST, at_once, main

MODERATION = bearer(MODERATOR)
EVENTS = "/api/v1/events"


class Consistent(ClusterTest):
    def setUp(self):
        super().setUp()
        self.nodes = self.start_nodes(3, *SECRETS)

    def post(self, node, content_id="1", body="x", key=None, **more):
        headers = {"Idempotency-Key": key} if key else None
        return node.post(POST, {"content_id": content_id, "body": body} | more, headers)

    def test_what_one_node_wrote_every_other_has_at_once(self):
        listed, content = f"{POST}?content_id=1", "/api/v1/contents/1"
        for turn in range(30):
            writer, *others = self.dice.sample(self.nodes, 3)
            kept = {node: node.get(listed).headers["ETag"] for node in others}
            made = self.post(writer).json
            for node in others:
                again = node.get(listed, {"If-None-Match": kept[node]})
                self.assertEqual([item["id"] for item in again.json["items"]][-1], made["id"])
                self.assertEqual(node.get(content).json["version"], made["version"])
                self.assertEqual(node.get(f"{POST}/{made['id']}").status, 200)
            if turn % 3 == 0:
                self.change(made, *self.dice.sample(self.nodes, 3))

    def change(self, made, editor, voter, remover):
        """Everything else that can happen to a comment, each on another node."""
        target = f"{POST}/{made['id']}"
        edited = editor.request("PATCH", target, {"body": "y"}, bearer(made["edit_token"])).json
        self.assertEqual(voter.get(target).json, edited)
        voted = voter.request("PUT", f"{target}/vote").json
        voted.pop("browser")
        self.assertEqual((voted["body"], voted["votes"]), ("y", 1))
        self.assertEqual(remover.get(target).json, voted)
        stale = {"If-Match": f'"{made["version"]}"'} | MODERATION
        self.assert_problem(remover.request("PATCH", target, {"body": "z"}, stale), 412,
                            "version_mismatch")
        self.assertEqual(remover.request("DELETE", target, headers=MODERATION).status, 204)
        for node in self.nodes:
            self.assertEqual(node.get(target).status, 404)
        self.assertEqual(self.post(editor).status, 201)

    def test_a_key_sent_to_all_nodes_at_once_makes_one_comment(self):
        for turn in range(20):
            answers = at_once([lambda node=node: self.post(node, key=f"key-{turn}")
                               for node in self.nodes * 2])
            self.assertEqual({answer.status for answer in answers}, {201})
            self.assertEqual(len({answer.json["id"] for answer in answers}), 1)
            replayed = [answer.headers["Idempotency-Replayed"] for answer in answers]
            self.assertEqual(replayed.count("true"), 5)
        self.assertEqual(self.nodes[0].get("/api/v1/contents/1").json["comments"], 20)

    def test_a_key_sent_with_different_comments_at_once_makes_one_of_them(self):
        for turn in range(10):
            answers = at_once([lambda node=node: self.post(node, key=f"k{turn}", body=node.address)
                               for node in self.nodes])
            self.assertEqual(sorted(answer.status for answer in answers), [201, 422, 422])
        self.assertEqual(self.nodes[0].get("/api/v1/contents/1").json["version"], 10)

    def test_tokens_and_cursors_are_good_on_every_node(self):
        made = [self.post(self.dice.choice(self.nodes), body=f"{n}").json for n in range(9)]
        bodies, cursor = [], {}
        while cursor is not None:
            page = self.dice.choice(self.nodes).get(
                f"{POST}?{urlencode({'content_id': 1, 'limit': 2} | cursor)}").json
            bodies += [item["body"] for item in page["items"]]
            cursor = {"cursor": page["next"]} if page["next"] else None
        self.assertEqual(bodies, [f"{n}" for n in range(9)])
        for one in made:
            node = self.dice.choice(self.nodes)
            gone = node.request("DELETE", f"{POST}/{one['id']}", headers=bearer(one["edit_token"]))
            self.assertEqual(gone.status, 204)

    def test_one_vote_for_each_voter_however_many_nodes_are_asked_at_once(self):
        made = self.post(self.nodes[0]).json
        vote, browser = f"{POST}/{made['id']}/vote", {"Comments-Browser": made["browser"]}
        for turn in range(10):
            method = "PUT" if turn % 2 == 0 else "DELETE"
            answers = at_once([lambda node=node: node.request(method, vote, headers=browser)
                               for node in self.nodes])
            self.assertEqual({answer.json["votes"] for answer in answers}, {1 - turn % 2})
        self.assertEqual(self.nodes[0].get("/api/v1/contents/1").json["version"], 11)

    def test_nodes_are_alike_while_clients_write_through_all_of_them(self):
        """A list under an ETag is the same bytes wherever it comes from, and no node that is asked
        later knows less."""
        contents = ("1", "2")
        writers = [Writer(Anyone(self.nodes, self.dice), content_id, self.dice)
                   for content_id in contents * 4]
        is_over, seen = threading.Event(), {}

        def compare(content_id, sort):
            target = f"{POST}?content_id={content_id}&sort={sort}"
            dice, newest = random.Random(1), 0
            while not is_over.is_set():
                answer = dice.choice(self.nodes).get(target)
                version = answer.json["content"]["version"]
                self.assertGreaterEqual(version, newest)
                newest = version
                kept = seen.setdefault((target, answer.headers["ETag"]), answer.body)
                self.assertEqual(answer.body, kept)

        def write():
            try:
                at_once([lambda writer=writer: writer.write(60) for writer in writers])
            finally:
                is_over.set()

        at_once([write] + [lambda c=c, s=s: compare(c, s)
                           for c in contents for s in ("newest", "top")])
        for content_id in contents:
            ids = [made["id"] for writer in writers for made in writer.mine
                   if writer.content_id == content_id]
            targets = [target for one in ids[:20]
                       for target in (f"{POST}/{one}", f"{POST}?content_id={content_id}"
                                                       f"&parent_id={one}")]
            self.assert_same_answers(self.nodes, content_id, targets)
        self.assertGreater(len(seen), 100)


class Live(ClusterTest):
    def follow(self, node, content_id="1", after=0):
        """A stream of events; `next_id` is the version of the next one."""
        connection = self.enterContext(node.connect())
        connection.sendall(f"GET {EVENTS}?content_id={content_id}&after={after} HTTP/1.1\r\n"
                           "Host: x\r\n\r\n".encode())
        lines = self.enterContext(connection.makefile("rb"))
        self.assertIn(b" 200 ", lines.readline())
        return (int(line[4:].split(b"-")[0]) for line in lines if line.startswith(b"id: "))

    def waits_for_events(self, count, writer, *readers):
        """How long after each post's answer its event has come to all of the followers."""
        streams, waits = [self.follow(node) for node in readers], []
        for version in range(1, count + 1):
            writer.post(POST, {"content_id": "1", "body": "x"})
            begun = time.monotonic()
            for stream in streams:
                self.assertEqual(next(stream), version)
            waits.append(time.monotonic() - begun)
        print(f"{self.id()}: {1000 * statistics.median(waits):.1f} ms from the answer to the last "
              f"follower, at most {1000 * max(waits):.1f} ms", flush=True)
        return waits

    def test_an_event_reaches_the_followers_at_other_nodes_soon(self):
        self.assertLess(statistics.median(self.waits_for_events(60, *self.start_nodes(3))), 0.1)

    def through(self, **changes):
        """The store, behind something that changes what is said."""
        between = self.enterContext(Between(self.postgres.port, **changes))
        return between, self.store.replace(f":{self.postgres.port}/", f":{between.port}/") + \
            "?sslmode=disable"

    def test_a_lost_notification_costs_time_and_no_event(self):
        writer, = self.start_nodes(1)
        between, store = self.through(to_client=lose_notifications)
        reader, = self.start_nodes(1, store=store)
        self.assertLess(max(self.waits_for_events(5, writer, reader)), 10)
        self.assertGreaterEqual(between.changed, 1)

    def test_a_database_without_notify_is_asked_instead(self):
        between, store = self.through(to_server=without_notify)
        nodes = self.start_nodes(2, store=store)
        self.assertLess(statistics.median(self.waits_for_events(20, *nodes)), 0.5)
        self.assertGreaterEqual(between.changed, 1)

    def test_followers_that_move_between_nodes_hear_of_each_change_once_while_8_write(self):
        nodes = self.start_nodes(3, *SECRETS)
        followers, writers = (
            [kind(Anyone(nodes, self.dice), "1", random.Random(n)) for n in range(count)]
            for kind, count in ((Follower, 6), (Writer, 8)))

        def write():
            at_once([lambda writer=writer: writer.write(60) for writer in writers])
            locked = nodes[1].request("PATCH", "/api/v1/contents/1", {"status": "locked"},
                                      MODERATION)
            self.assertEqual(locked.status, 200, locked)
            return locked.json["version"]

        last = at_once([write] + [follower.follow for follower in followers])[0]
        for one in followers:
            self.assertEqual(one.versions, list(range(1, last + 1)))
            self.assertEqual(one.events, followers[0].events)
        heard = {(event["version"], event["kind"], event["comment_id"])
                 for event in followers[0].events}
        for writer in writers:
            self.assertLessEqual(set(writer.versions), heard)


class Limits(ClusterTest):
    def test_the_write_rate_of_a_client_holds_across_nodes(self):
        rate = 20
        nodes = self.start_nodes(3, "--write-rate", f"{rate}")
        begun = time.monotonic()
        answers = [nodes[n % 3].post(POST, {"content_id": "1", "body": "x"}) for n in range(45)]
        gained = (time.monotonic() - begun) * rate / 60 + 1
        taken = [answer.status for answer in answers].count(201)
        self.assertGreaterEqual(taken, rate)
        self.assertLessEqual(taken, rate + gained)
        for answer in answers:
            if answer.status != 201:
                self.assert_problem(answer, 429, "rate_limited")
                self.assertGreaterEqual(int(answer.headers["Retry-After"]), 1)
        self.assertEqual(nodes[2].get("/api/v1/contents/1").json["version"], taken)

    def test_the_write_rate_holds_for_requests_of_one_moment(self):
        nodes = self.start_nodes(3, "--write-rate", "5")
        begun = time.monotonic()
        answers = at_once([lambda n=n: nodes[n % 3].post(POST, {"content_id": f"{n}", "body": "x"})
                           for n in range(30)])
        gained = (time.monotonic() - begun) * 5 / 60 + 1
        taken = [answer.status for answer in answers].count(201)
        self.assertTrue(5 <= taken <= 5 + gained, answers)


if __name__ == "__main__":
    main()
