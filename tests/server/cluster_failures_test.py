"""cluster_failures_test - a database that dies, hangs, refuses or is in the way; no node restarts.

Clients insist on each of their comments with its key, so in the end everything that was sent must
be there once. No answer may take longer than a bounded wait, however the database behaves.
"""
import random
import statistics
import threading
import time
from concurrent.futures import ThreadPoolExecutor

from clients import CONTENTS, Insistent
from cluster import ClusterTest, Load
from events_test import Follower
from people import MODERATOR, SECRETS, bearer
from postgres_wire import Between, LostCommits
from support import POST, main, until

LONGEST = Insistent.longest
AFTER_PROMOTION = 5  # seconds to be back
SHORT_WAITS = ("--store-wait", "1000")  # for what is waited for to the end


class FailureTest(ClusterTest):
    options = ()

    def setUp(self):
        super().setUp()
        self.nodes = self.start_nodes(3, *SECRETS, *self.options)
        self.clients = self.people(Insistent, 8, self.nodes)

    def post(self, node, content_id="apart", body="x"):
        return node.request("POST", POST, {"content_id": content_id, "body": body},
                            timeout=LONGEST)

    def assert_nothing_lost(self, load):
        """After a load: everything is there once, on every node."""
        self.assertGreater(load.count(), 0)
        self.assert_there_once(self.nodes, self.clients)
        for content_id in CONTENTS:
            self.assert_same_answers(self.nodes, content_id)

    def tell(self, load, what):
        refused, unanswered = (sum(getattr(client, name) for client in self.clients)
                               for name in ("refused", "unanswered"))
        longest = max(took for client in self.clients for _, took, _, _ in client.answers)
        print(f"{self.id()}: {load.count()} comments, {refused} answers 503, {unanswered} requests "
              f"unanswered, the longest took {longest:.1f} s; {what}", flush=True)


class FailoverTest(FailureTest):
    settings = {}  # as a database that keeps what it says

    def setUp(self):
        # The standby is named first: nodes have to find out that it takes no writes.
        self.standby = self.enterContext(self.postgres.standby(self.folder / "standby"))
        type(self).databases = [self.standby, self.postgres]
        super().setUp()

    def assert_taken_over_after(self, fail):
        """That clients and followers of a database that `fail` has ended go on with its standby."""
        before = self.epochs()
        self.assertEqual(len(before), 1)
        followers = [Follower(node, CONTENTS[0], Patient()) for node in self.nodes]
        following = [threading.Thread(target=one.follow, daemon=True) for one in followers]
        for one in following:
            one.start()
        with Load(self.clients) as load:
            load.wait_for_more(200)
            fail(load)
            self.standby.promote()
            back = load.wait_for_each(self.nodes)
            load.wait_for_more(200)
        self.databases.reverse()  # from here on the other one is asked
        self.tell(load, f"back {back:.2f} s after the promotion")
        self.assertLessEqual(back, AFTER_PROMOTION)
        self.assert_nothing_lost(load)
        self.assert_followed(followers, following)
        self.assertEqual(len(self.epochs()), 1)
        self.assertNotEqual(self.epochs(), before)

    def assert_followed(self, followers, following):
        last = self.nodes[0].request("PATCH", f"/api/v1/contents/{CONTENTS[0]}",
                                     {"status": "locked"}, bearer(MODERATOR)).json["version"]
        for one, thread in zip(followers, following):
            thread.join()
            self.assertEqual(one.versions, list(range(1, last + 1)))
            self.assertEqual(one.epochs, [*self.epochs()])  # told once, by whichever node

    def epochs(self):
        """Those that the nodes name, for the content that all of them know."""
        target = f"/api/v1/comments?content_id={CONTENTS[0]}&limit=1"
        return {node.get(target).json["content"]["epoch"] for node in self.nodes}


class Patient:
    """Decides for a follower how many bytes it reads before it cuts the connection: all."""

    def choice(self, _):
        return 1 << 40


class Killed(FailoverTest):
    def test_the_standby_takes_over_from_a_primary_that_is_killed_under_load(self):
        self.assert_taken_over_after(lambda load: self.postgres.kill())


class Hung(FailoverTest):
    options = SHORT_WAITS

    def test_the_standby_takes_over_from_a_primary_that_hung_before_it_was_killed(self):
        def fail(load):
            self.postgres.freeze()
            load.wait_for_answers()
            self.postgres.kill()

        self.assert_taken_over_after(fail)


class StandbyHung(FailoverTest):
    options = SHORT_WAITS

    def test_nothing_is_acknowledged_without_the_standby(self):
        """It hangs under load, then the primary dies: what was acknowledged is on the standby."""
        def fail(load):
            self.standby.freeze()
            load.wait_for_answers()
            self.postgres.kill()
            self.standby.thaw()

        self.assert_taken_over_after(fail)


class Outage(FailureTest):
    def test_the_database_is_stopped_and_started_under_load(self):
        with Load(self.clients) as load:
            load.wait_for_more(100)
            for _ in range(2):
                self.postgres.stop()
                for node in self.nodes:
                    self.assert_unavailable(self.post(node))
                    self.assert_unavailable(node.get(f"{POST}?content_id=unknown"))
                    self.assertIn(node.get("/readyz", timeout=2).status, (200, 503))
                    self.assertEqual(node.get("/healthz", timeout=2).status, 200)
                self.postgres.start()
                back = load.wait_for_each(self.nodes)
                load.wait_for_more()
        self.tell(load, f"back {back:.2f} s after the start")
        self.assertLessEqual(back, AFTER_PROMOTION)
        self.assert_nothing_lost(load)
        for node in self.nodes:
            self.assertEqual(node.get("/readyz").status, 200)

    def test_the_database_crashes_and_recovers_under_load(self):
        with Load(self.clients) as load:
            load.wait_for_more(100)
            self.postgres.kill()
            self.postgres.start()
            load.wait_for_each(self.nodes)
        self.tell(load, "killed, and started again")
        self.assert_nothing_lost(load)

    def test_every_connection_is_cut_again_and_again_under_load(self):
        cut = 0
        with Load(self.clients) as load:
            for _ in range(10):
                load.wait_for_more(30)
                cut += self.postgres.cut_connections()
            load.wait_for_each(self.nodes)
        self.tell(load, f"{cut} connections cut")
        self.assertGreaterEqual(cut, 30)
        self.assert_nothing_lost(load)


class Hanging(FailureTest):
    options = SHORT_WAITS

    def test_a_hanging_database_is_503_in_bounded_time_and_nothing_is_lost(self):
        with Load(self.clients) as load:
            load.wait_for_more(50)
            self.postgres.freeze()
            try:
                load.wait_for_answers()
                for node in self.nodes:
                    self.assertEqual(node.get("/healthz", timeout=2).status, 200)
            finally:
                self.postgres.thaw()
            load.wait_for_each(self.nodes)
        self.tell(load, "the database hung")
        self.assert_nothing_lost(load)


class Doubt(ClusterTest):
    def setUp(self):
        super().setUp()
        self.commits = LostCommits()
        between = self.enterContext(Between(self.postgres.port, to_client=self.commits))
        store = self.store.replace(f":{self.postgres.port}/", f":{between.port}/")
        self.node, = self.start_nodes(1, *SECRETS, store=store + "?sslmode=disable")

    def post(self, key):
        return self.node.post(POST, {"content_id": "1", "body": key}, {"Idempotency-Key": key})

    def assert_in_doubt(self, answer):
        self.assert_unavailable(answer)
        self.assertIs(answer.json["in_doubt"], True)

    def test_a_write_whose_commit_is_not_answered_is_in_doubt_and_its_key_makes_it_once(self):
        self.commits.left = 1  # it is looked for, and found
        made = self.post("found")
        self.assertEqual((made.status, made.headers["Idempotency-Replayed"]), (201, None))
        self.commits.left = 1000
        self.assert_in_doubt(self.post("doubtful"))
        self.commits.left = 0
        again = self.post("doubtful")
        self.assertEqual((again.status, again.headers["Idempotency-Replayed"]), (201, "true"))
        self.commits.left = 1  # an edit is not repeated
        target = f"{POST}/{made.json['id']}"
        self.assert_in_doubt(self.node.request("PATCH", target, {"body": "y"}, bearer(MODERATOR)))
        self.assertEqual(self.node.get(target).json["body"], "y")
        self.assertEqual(self.node.get("/api/v1/contents/1").json["version"], 3)

    def test_a_write_that_the_database_did_not_hear_of_is_not_in_doubt(self):
        self.assertEqual(self.post("first").status, 201)
        self.postgres.stop()
        try:
            refused = self.post("second")
        finally:
            self.postgres.start()
        self.assert_unavailable(refused)
        self.assertNotIn("in_doubt", refused.json)
        self.assertEqual(self.post("second").headers["Idempotency-Replayed"], None)


class Away(ClusterTest):
    """What a node says of a database that does not answer."""

    def setUp(self):
        super().setUp()
        self.node, = self.start_nodes(1)

    def metric(self, name):
        lines = self.node.get("/metrics").body.decode().splitlines()
        return int(next(line for line in lines if line.startswith(name + " ")).rpartition(" ")[2])

    def status(self):
        return self.node.get("/status").body.decode()

    def test_the_status_page_and_the_metrics_tell_and_readiness_stays(self):
        unreachable = 'comments_store_failures_total{kind="unreachable"}'
        self.assertEqual(self.node.post(POST, {"content_id": "1", "body": "x"}).status, 201)
        self.assertIn("It is working.", self.status())
        self.assertEqual(self.metric(unreachable), 0)
        until(lambda: self.metric('comments_store_connections{state="used"}') == 0,
              "the end of what a start has to do")
        self.assertGreater(self.metric('comments_store_connections{state="open"}'), 0)
        last = self.metric("comments_store_last_success_seconds")
        self.assertLess(abs(time.time() - last), 600)
        self.postgres.stop()
        try:
            page = self.status()
            self.assertIn("Its database does not answer.", page)
            self.assertNotIn("It is working.", page)
            self.assertEqual(self.node.get("/readyz").status, 200)
            self.assertGreater(self.metric(unreachable), 0)
            self.assertGreater(self.metric(
                'comments_store_failures_total{kind="no_connection"}'), 0)
            self.assertGreaterEqual(self.metric("comments_store_last_success_seconds"), last)
        finally:
            self.postgres.start()
        self.assertIn("It is working.", self.status())


class Obstacles(FailureTest):
    def test_a_lock_held_for_10_s_stops_writes_to_its_content_alone(self):
        free = [f"free-{n}" for n in range(8)]
        for content_id in ("held", *free):
            self.assertEqual(self.post(self.nodes[0], content_id).status, 201)
        is_over, waits, others, readings, late = threading.Event(), {}, [], [], []

        def write_held(node):
            while not is_over.is_set():
                begun = time.monotonic()
                answer = self.post(node, "held")
                if is_over.is_set() and answer.status == 201:  # the lock is gone meanwhile
                    late.append(answer)
                    return
                self.assert_unavailable(answer)
                waits.setdefault(node, []).append(time.monotonic() - begun)

        def write_others(node):
            while not is_over.wait(0.05):
                begun = time.monotonic()
                self.assertEqual(self.post(node, random.choice(free)).status, 201)
                others.append(time.monotonic() - begun)

        def read(node):
            while not is_over.wait(0.05):
                begun = time.monotonic()
                for target in ("/api/comment/list/held", f"{POST}?content_id=held"):
                    self.assertEqual(node.get(target).status, 200)
                readings.append(time.monotonic() - begun)

        def work(task, *arguments):
            try:
                task(*arguments)
            finally:
                is_over.set()  # so that a failure ends the test at once

        lock = "SELECT 1 FROM content WHERE content_id = 'held' FOR UPDATE"
        with ThreadPoolExecutor(40) as pool:
            with self.postgres.transaction(lock, self.name):
                tasks = [pool.submit(work, task, node) for task, clients in (
                    (write_held, 4), (write_others, 4), (read, 1)) for node in self.nodes * clients]
                is_over.wait(10)
                is_over.set()
        for task in tasks:
            task.result()
        longest = max(map(max, waits.values()))
        print(f"{self.id()}: {sum(map(len, waits.values()))} refusals, the longest after "
              f"{longest:.1f} s; {len(others)} posts elsewhere, the longest took "
              f"{max(others):.2f} s; {len(readings)} readings, the longest took "
              f"{max(readings):.2f} s", flush=True)
        self.assertEqual(set(waits), set(self.nodes))
        self.assertLess(longest, LONGEST)
        # The first to share a transaction with a held one wait along; on a busy machine a free
        # content's lock is late, too, and has a wait of its own. None waits for the held one's.
        self.assertLess(max(others), 8)
        self.assertLess(statistics.median(others), 1)
        self.assertLess(max(readings), 5)
        for node in self.nodes:
            self.assertEqual(self.post(node, "held").status, 201)
        self.assertEqual(self.nodes[0].get("/api/v1/contents/held").json["version"],
                         1 + len(late) + len(self.nodes))

    def limit_connections(self, most):
        self.postgres.sql(f"ALTER ROLE {self.name} CONNECTION LIMIT {most}")
        self.postgres.cut_connections()

    def test_a_full_connection_limit_is_503_and_passes(self):
        with Load(self.clients) as load:
            load.wait_for_more()
            self.limit_connections(0)
            for node in self.nodes:
                self.assert_unavailable(self.post(node))
                self.assert_unavailable(node.get(f"{POST}?content_id=unknown", timeout=LONGEST))
            load.wait_for_answers()
            self.limit_connections(2)  # some nodes have one, and some none
            load.wait_for_more()
            self.postgres.sql(f"ALTER ROLE {self.name} CONNECTION LIMIT -1")
            back = load.wait_for_each(self.nodes)
        self.tell(load, f"back {back:.2f} s after the limit was lifted")
        self.assertLessEqual(back, AFTER_PROMOTION)
        self.assert_nothing_lost(load)


if __name__ == "__main__":
    main()
