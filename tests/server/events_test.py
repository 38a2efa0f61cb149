"""events_test - a follower of a content gets each of its changes once, and in order.

`crowd` says what is different under a sanitizer. The tests with chance print their seed when they
fail.
"""
import contextlib
import http.client
import json
import random
import tempfile
import threading
import unittest

from crowd import metric, scaled
from people import ACTIONS, MODERATOR, SECRETS, bearer
from support import NO_ANSWER, PATIENCE, POST, Server, at_once, free_port, main, until

EVENTS, MODERATION = "/api/v1/events", bearer(MODERATOR)
MEMORY, NOW = ("--store", "memory:"), ("--drain-delay", "0")


class Follower:
    """An EventSource that is cut off again and again, and goes on behind the last whole event.

    The last event that it waits for is a change of the content itself.
    """

    def __init__(self, server, content_id, dice):
        self.server, self.content_id, self.dice = server, content_id, dice
        self.versions, self.events, self.cuts = [], [], 0
        self.epochs = []  # of which it was told to read the list again

    def is_over(self):
        return bool(self.events) and self.events[-1]["comment_id"] is None

    def follow(self):
        while not self.is_over():
            with contextlib.suppress(*NO_ANSWER):  # it is down: a browser tries again, too
                self.read_some(self.dice.choice([0, 1, 30, 200, 400, 3_000, 20_000]))
            self.cuts += 1

    def read_some(self, count):
        """`count` bytes of events, then cuts the connection, wherever that may be."""
        last = {"Last-Event-ID": self.last_id} if self.versions else {}
        connection = http.client.HTTPConnection(self.server.host, self.server.port,
                                                timeout=PATIENCE)
        with contextlib.closing(connection):
            connection.request("GET", f"{EVENTS}?content_id={self.content_id}&after=0",
                               headers=last)
            answer = connection.getresponse()
            if answer.status == 503:  # it is about to stop
                return
            if answer.status != 200:
                raise AssertionError((answer.status, answer.read()))
            self.parse(answer, count)

    def parse(self, answer, count):
        text = b""
        while count > 0 and not self.is_over():
            got = answer.read1(min(count, 4_096))
            if not got:
                return
            count -= len(got)
            *whole, text = (text + got).split(b"\n\n")
            for event in whole:
                self.take(event)

    def take(self, event):
        fields = dict(line.split(b": ", 1) for line in event.split(b"\n") if line[:1] != b":")
        if b"data" in fields:
            self.last_id = fields[b"id"].decode()
            version, epoch = self.last_id.split("-")
            if fields[b"event"] == b"reset":  # whoever reads the list knows all up to there
                self.versions = list(range(1, int(version) + 1))
                self.epochs.append(epoch)
                return
            self.versions.append(int(version))
            self.events.append(json.loads(fields[b"data"]))
            if self.events[-1]["kind"] != fields[b"event"].decode():
                raise AssertionError(event)


class Writer:
    """Posts, votes, edits, decides and removes, and counts what was acknowledged."""

    def __init__(self, server, content_id, dice):
        self.server, self.content_id, self.dice = server, content_id, dice
        self.mine, self.done, self.versions = [], [], []

    def write(self, count):
        for _ in range(count):
            self.write_one()

    def write_until_it_is_down(self):
        with contextlib.suppress(*NO_ANSWER):
            while True:
                self.write_one()

    def write_one(self):
        dice = self.dice
        what = dice.choice(["post", "post", "vote", "edit", "decide", "remove"])
        if what == "post" or not self.mine:
            parent = dice.choice(self.mine)["id"] if self.mine and dice.random() < 0.3 else None
            made = self.answered(self.server.post(
                POST, {"content_id": self.content_id, "body": "x", "parent_id": parent}), "posted")
            if made:
                self.mine.append(made)
            return
        one = dice.choice(self.mine)
        target = f"{POST}/{one['id']}"
        if what == "vote":  # the same vote again changes nothing
            self.server.request(dice.choice(["PUT", "DELETE"]), f"{target}/vote",
                                headers={"Comments-Browser": one["browser"]})
        elif what == "edit":
            self.answered(self.server.request(
                "PATCH", target, {"body": f"{dice.random()}"}, bearer(one["edit_token"])), "edited")
        elif what == "decide":
            action = dice.choice(["approve", "hold", "spam"])
            self.answered(self.server.post(ACTIONS, {"ids": [one["id"]], "action": action},
                                           MODERATION), "moderated")
        elif dice.random() < 0.3:
            self.mine.remove(one)
            self.answered(self.server.request("DELETE", target, headers=MODERATION), "removed")

    def answered(self, answer, kind):
        if answer.status not in (200, 201, 204):
            if answer.status not in (404, 409):  # its parent is hidden; no such decision
                raise AssertionError(answer)
            return None
        self.done.append(kind)
        made = answer.json if answer.body else {}
        made = made.get("items", [made])[0]
        if "version" in made:
            self.versions.append((made["version"], kind, made["id"]))
        return made


class Chance(unittest.TestCase):
    def setUp(self):
        seed = random.randrange(2**32)
        self.dice = random.Random(seed)
        self.enterContext(self.subTest(seed=seed))

    def dice_of_its_own(self):
        return random.Random(self.dice.random())

    def people(self, kind, server, count):
        return [kind(server, "1", self.dice_of_its_own()) for _ in range(count)]

    def end_content(self, server):
        """The event that all followers wait for; its version."""
        answer = server.request("PATCH", "/api/v1/contents/1", {"status": "locked"}, MODERATION)
        self.assertEqual(answer.status, 200, answer)
        return answer.json["version"]

    def assert_heard_all(self, followers, writers, last):
        for one in followers:
            self.assertEqual(one.versions, list(range(1, last + 1)))
            self.assertEqual(one.versions, [event["version"] for event in one.events])
            self.assertEqual(one.events, followers[0].events)
        heard = {(event["version"], event["kind"], event["comment_id"])
                 for event in followers[0].events}
        for writer in writers:
            self.assertLessEqual(set(writer.versions), heard)


class Cut(Chance):
    def test_followers_that_are_cut_off_hear_of_each_change_once_while_8_write(self):
        with Server(*MEMORY, *NOW, *SECRETS) as server:
            followers = self.people(Follower, server, 4)
            writers = self.people(Writer, server, 8)
            left, lock, ends = [len(writers)], threading.Lock(), []

            def write(writer):
                writer.write(120)
                with lock:
                    left[0] -= 1
                    if left[0] == 0:
                        ends.append(self.end_content(server))

            at_once([lambda f=f: f.follow() for f in followers] +
                    [lambda w=w: write(w) for w in writers])
            self.assert_heard_all(followers, writers, ends[0])
            kinds = [event["kind"] for event in followers[0].events]
            done = [kind for writer in writers for kind in writer.done]
            for kind in ("posted", "edited", "removed"):
                self.assertEqual(kinds.count(kind), done.count(kind), kind)
            self.assertEqual(kinds.count("moderated"), done.count("moderated") + 1)
            self.assertGreater(kinds.count("voted"), 0)
            self.assertGreater(sum(one.cuts for one in followers), 20)
            until(lambda: metric(server, "comments_subscribers") == 0, "all to be gone")

    def test_followers_of_a_server_that_is_killed_go_on_with_nothing_lost(self):
        folder = self.enterContext(tempfile.TemporaryDirectory())
        server = Server("--store", "sqlite:comments.db", *NOW, *SECRETS, folder=folder,
                        port=free_port())
        followers = self.people(Follower, server, 4)
        following = [threading.Thread(target=one.follow) for one in followers]
        writers = self.people(Writer, server, 4)
        for turn in range(4):
            with server:
                for one in following if turn == 0 else []:
                    one.start()
                if turn == 3:
                    last = self.end_content(server)
                    for one in following:
                        one.join()
                    break
                enough = sum(len(w.done) for w in writers) + self.dice.randint(20, scaled(300))

                def kill():
                    until(lambda: sum(len(w.done) for w in writers) >= enough, "changes")
                    server.kill()

                at_once([lambda w=w: w.write_until_it_is_down() for w in writers] + [kill])
        self.assert_heard_all(followers, writers, last)


class Limits(unittest.TestCase):
    def serve(self, *options):
        return self.enterContext(Server(*MEMORY, *NOW, *SECRETS, *options))

    @contextlib.contextmanager
    def following(self, server, content_id="1", **headers):
        """An answer of the events' route, whose stream is not read to its end: it has none."""
        connection = http.client.HTTPConnection(server.host, server.port, timeout=PATIENCE)
        with contextlib.closing(connection):
            connection.request("GET", f"{EVENTS}?content_id={content_id}", headers={
                name.replace("_", "-"): value for name, value in headers.items()})
            yield connection.getresponse()

    def assert_told_no(self, answer):
        self.assertEqual(answer.status, 503)
        self.assertGreater(int(answer.headers["Retry-After"]), 0)
        self.assertEqual(json.loads(answer.read())["code"], "unavailable")

    def test_one_past_followers_max_learns_when_to_come_back(self):
        server = self.serve("--followers-max", "3", "--client-followers-max", "3")
        with contextlib.ExitStack() as stack:
            for content_id in "112":
                followed = stack.enter_context(self.following(server, content_id))
                self.assertEqual(followed.status, 200)
            with self.following(server, "3") as fourth:
                self.assert_told_no(fourth)
            self.assertEqual(server.get("/readyz").status, 200)
            self.assertEqual(server.post(POST, {"content_id": "1", "body": "x"}).status, 201)
        until(lambda: metric(server, "comments_subscribers") == 0, "them to be gone")
        with self.following(server, "3") as again:
            self.assertEqual(again.status, 200)

    def test_one_address_has_half_of_the_followers_unless_an_option_says_otherwise(self):
        proxied = ["--trusted-proxies", "127.0.0.1"]
        for options, most in ((["--followers-max", "4"], 2), (["--client-followers-max", "1"], 1)):
            server = self.serve(*options, *proxied)
            with self.subTest(options), contextlib.ExitStack() as stack:
                for number in range(most):  # of one /64, and of as many contents
                    address = f"2001:db8:0:1::{number}"
                    followed = self.following(server, f"{number}", X_Forwarded_For=address)
                    self.assertEqual(stack.enter_context(followed).status, 200)
                with self.following(server, "1", X_Forwarded_For="2001:db8:0:1::9") as one_more:
                    self.assert_told_no(one_more)
                with self.following(server, "1", X_Forwarded_For="192.0.2.1") as other:
                    self.assertEqual(other.status, 200)

    def test_a_network_of_one_customer_has_a_share_of_the_followers(self):
        server = self.serve("--client-followers-max", "2", "--trusted-proxies", "127.0.0.1")
        with contextlib.ExitStack() as stack:
            for number in range(3):
                followed = self.following(server, X_Forwarded_For=f"2001:db8:0:{number}::1")
                self.assertEqual(stack.enter_context(followed).status, 200)
            with self.following(server, X_Forwarded_For="2001:db8:0:3::1") as fourth:
                self.assert_told_no(fourth)
            with self.following(server, X_Forwarded_For="2001:db8:1::1") as neighbour:
                self.assertEqual(neighbour.status, 200)

    def test_no_followers_at_all(self):
        with self.following(self.serve("--followers-max", "0")) as first:
            self.assert_told_no(first)

    def test_whence_to_go_on(self):
        server = self.serve()
        for _ in range(3):
            server.post(POST, {"content_id": "1", "body": "x"})
        target = f"{EVENTS}?content_id=1"
        for value in ("4", "9223372036854775807", "9223372036854775808", "9" * 500, "-1", "+1",
                      "1.0", "0x1", "one", "1 2", "1\t", "%", "\u00e9", "01x", "", " "):
            with self.subTest(value), self.following(server, Last_Event_ID=value) as answer:
                if value.strip() in ("", "1"):  # blanks around are not of it; empty: not known
                    self.assertEqual(answer.status, 200)
                    continue
                if value.isdigit():  # a browser gives up after an error: it must read again
                    self.assertEqual(answer.status, 200)
                    answer.readline(), answer.readline()
                    self.assertRegex(answer.readline(), rb"^id: 3-[0-9a-f]{16}$")
                    self.assertEqual(answer.readline(), b"event: reset\n")
                    continue
                self.assertEqual(answer.status, 422)
                problem = json.loads(answer.read())
                self.assertEqual([one["pointer"] for one in problem["errors"]], ["Last-Event-ID"])
        for value in ("4", "-1", "x", "", "%00", "1%0A", "99999999999999999999"):
            with self.subTest(after=value):
                answer = server.get(f"{target}&after={value}")
                self.assertEqual((answer.status, answer.pointers), (422, ["after"]))
        with self.following(server, "1&after=0", Last_Event_ID="2") as answer:  # who was here knows
            answer.readline(), answer.readline()
            self.assertRegex(answer.readline(), rb"^id: 3-[0-9a-f]{16}$")
        with self.following(server, "1&after=1") as answer:
            answer.readline(), answer.readline()
            self.assertRegex(answer.readline(), rb"^id: 2-[0-9a-f]{16}$")

    def test_what_contents_can_be_followed(self):
        server = self.serve("--mode", "locked")
        for content_id, status in [("", 422), ("x" * 256, 422), ("%00", 422), ("%ff", 422),
                                   ("x" * 255, 200), ("nobody", 200), ("a%2Fb", 200)]:
            with self.subTest(content_id), self.following(server, content_id) as answer:
                self.assertEqual(answer.status, status)
        self.assertEqual(server.get(EVENTS).status, 422)
        with self.following(server, "nobody") as answer:  # from before its first change
            server.request("PATCH", "/api/v1/contents/nobody", {"status": "open"}, MODERATION)
            answer.readline(), answer.readline()
            self.assertRegex(answer.readline(), rb"^id: 1-[0-9a-f]{16}$")

    def test_head_follows_nothing(self):
        server = self.serve("--followers-max", "1")
        for _ in range(3):
            answer = server.request("HEAD", f"{EVENTS}?content_id=1")
            self.assertEqual((answer.status, answer.body), (200, b""))
            self.assertEqual(answer.headers["Content-Type"], "text/event-stream")
        until(lambda: metric(server, "comments_subscribers") == 0, "nobody")
        self.assertEqual(server.post(EVENTS, {}).status, 405)

    def test_followers_hear_on_until_the_drain_is_over(self):
        with Server(*MEMORY, "--drain-delay", "300") as server:
            with self.following(server) as answer:
                answer.readline(), answer.readline()
                server.tell()
                until(lambda: server.get("/readyz").status == 503, "the drain")
                server.post(POST, {"content_id": "1", "body": "x"})
                self.assertRegex(answer.readline(), rb"^id: 1-[0-9a-f]{16}$")
                server.stop()  # another signal ends the delay
                self.assertEqual(answer.read().count(b"data: "), 1)  # a whole answer: no error

    def test_what_else_is_sent_on_a_stream_is_not_taken_for_requests(self):
        server = self.serve()
        with server.connect() as connection:
            connection.sendall(f"GET {EVENTS}?content_id=1 HTTP/1.1\r\nHost: x\r\n\r\n".encode()
                               + b"DELETE /healthz HTTP/1.1\r\nHost: x\r\n\r\n" * 100)
            said = b""
            while b"retry" not in said:
                said += connection.recv(10_000)
            server.post(POST, {"content_id": "1", "body": "x"})
            while b"data: " not in said:
                said += connection.recv(10_000)
            self.assertEqual(said.count(b"HTTP/1.1"), 1)

    def test_the_public_hears_of_no_reason_and_no_moderator(self):
        server = self.serve()
        made = server.post(POST, {"content_id": "1", "body": "the text that was",
                                  "author": {"email": "a@example.com"}}).json
        server.post(ACTIONS, {"ids": [made["id"]], "action": "remove", "reason": "a secret reason"},
                    MODERATION)
        server.request("PATCH", "/api/v1/contents/1", {"status": "locked", "reason": "a secret"},
                       MODERATION)
        with self.following(server, "1&after=0") as answer:
            said = [json.loads(line[6:]) for line in
                    (answer.readline() for _ in range(14)) if line.startswith(b"data: ")]
        self.assertEqual([one["kind"] for one in said], ["posted", "removed", "moderated"])
        for one in said:
            self.assertEqual(set(one), {"content_id", "version", "kind", "comment_id", "status",
                                        "at"})


if __name__ == "__main__":
    main()
