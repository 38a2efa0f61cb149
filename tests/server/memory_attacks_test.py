#!/usr/bin/env python3
"""What strangers can make the server hold in memory, and what becomes of the others meanwhile.

The budget is that of a container of 128 MB. What is measured is the most that was ever resident.
"""
import contextlib
import os
import random
import resource
import time
import unittest
from pathlib import Path

from crowd import MB, CrowdTest
from effort import size
from support import NO_ANSWER, POST, Server, at_once, main, until

GRANTED = 128 * MB
MEMORY = ["--memory-bytes", str(GRANTED // 8 * 3)]
# Attackers here have one address, and are meant to be as many clients.
TRUSTED = ["--trusted-proxies", "127.0.0.1"]
RESIDENT_MAX = 110 * MB
LONG = "a@example.com " * 1_170  # a long text, all of it links


def peak(server):
    """The most that was resident."""
    status = Path(f"/proc/{server.process.pid}/status").read_text(encoding="ascii")
    return int(status.split("VmHWM:")[1].split()[0]) * 1024


def chunks():
    """A part of a body that never ends: a byte in each chunk, and much around it."""
    return (b"1;" + b"e" * 200 + b"\r\nx\r\n") * 100


class Attackers:
    """Clients that ask for much and take little, some of each kind."""

    def __init__(self, crowd, seed=0):
        self.crowd, self.random, self.senders = crowd, random.Random(seed), []

    def head(self, method, target, more=""):
        return (f"{method} {target} HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: "
                f"192.0.2.{self.random.randrange(256)}\r\n{more}\r\n").encode()

    def send_endless_bodies(self, count):
        clients = self.crowd.join(count)
        for client in clients:
            client.send(self.head("POST", POST, "Transfer-Encoding: chunked\r\n"))
        self.senders += clients

    def send_half_bodies(self, count):
        for client in self.crowd.join(count):
            client.send(self.head("POST", POST, "Content-Length: 65000\r\n") + b"x" * 60_000)

    def ask(self, count, target, more="", method="GET"):
        for client in self.crowd.join(count, receive_bytes=4096):
            client.does_read = False
            client.send(self.head(method, target, more) * 16)

    def be_deaf_to_pages(self, count):
        self.ask(count, f"{POST}?content_id=big&limit=200&x={self.random.random()}")

    def be_deaf_to_lists(self, count):
        self.ask(count, "/api/comment/list/big")

    def be_deaf_to_threads(self, count):
        self.ask(count, "/contents/big?sort=newest", "Accept-Encoding: gzip\r\n")

    def be_deaf_as_nobody(self, count):
        self.ask(count, f"{POST}?content_id=big&limit=200", "Authorization: Bearer x\r\n")

    def ask_for_heads(self, count):
        self.ask(count, f"{POST}?content_id=big", "Accept-Encoding: gzip\r\n", "HEAD")

    def follow(self, count):
        self.ask(count, "/api/v1/events?content_id=big&after=0")

    def go_on(self):
        """Sends more of what does not end."""
        for client in self.senders:
            if not client.end and not client.unsent:
                client.send(chunks())


KINDS = [Attackers.send_endless_bodies, Attackers.send_half_bodies, Attackers.be_deaf_to_pages,
         Attackers.be_deaf_to_lists, Attackers.be_deaf_to_threads, Attackers.be_deaf_as_nobody,
         Attackers.ask_for_heads, Attackers.follow]


class WithinTheBudget(CrowdTest):
    def setUp(self):
        super().setUp()
        self.server = self.serve(*MEMORY, *TRUSTED)
        for body in (LONG, "x" * 16_000):
            text = {"content_id": "big", "body": body}
            at_once([lambda: self.server.post(POST, text) for _ in range(20)])
        self.server.post(POST, {"content_id": "small", "body": "Oi"})

    def attack(self, attackers, seconds):
        """Lets them go on for a while. Returns the most that was resident. Somebody who reads is
        answered whole all the time."""
        (Path("/proc") / str(self.server.process.pid) / "clear_refs").write_text("5")
        end = time.monotonic() + seconds

        def somebody():
            for content_id in ("small", "big"):
                answer = self.server.get(f"{POST}?content_id={content_id}&limit=20")
                self.assertGreater(len(answer.json["items"]), 0)
            attackers.go_on()

        self.crowd.run(lambda: time.monotonic() > end, "the end", 0.1, somebody, 4 * seconds + 60)
        for client in list(self.crowd.clients.values()):
            client.leave(is_rude=True)
        self.assertLessEqual(peak(self.server), RESIDENT_MAX)
        return peak(self.server)

    def test_each_kind_of_attack_alone(self):
        for kind in KINDS:
            with self.subTest(kind.__name__):
                attackers = Attackers(self.crowd)
                kind(attackers, size(100, 1_000))
                self.attack(attackers, size(0.5, 5))

    def test_mixtures_that_are_found_by_trying(self):
        """From the worst mixture so far the next one is made, by changing it in one place."""
        worst, counts = 0, [20] * len(KINDS)
        for seed in range(size(2, 40)):
            chosen = random.Random(seed)
            tried = list(counts)
            tried[chosen.randrange(len(KINDS))] = chosen.choice([0, 100, 200])
            with self.subTest(seed=seed, tried=tried):
                attackers = Attackers(self.crowd, seed)
                for kind, count in zip(KINDS, tried):
                    kind(attackers, count)
                resident = self.attack(attackers, size(0.5, 5))
                if resident > worst:
                    worst, counts = resident, tried
        print(f"the worst mixture: {worst // MB} MB, {counts}")


class WithoutMemory(unittest.TestCase):
    def test_a_server_without_memory_refuses_and_goes_on(self):
        """What the process may have is cut down while 16 clients post the dearest texts."""
        texts = ["*_" * 2_000, "a@example.com " * 1_100, "> - " * 20, "x" * 16_000]
        for store in ("memory:", "sqlite:comments.db"):
            with self.subTest(store), Server("--store", store) as server:
                _, hard = resource.getrlimit(resource.RLIMIT_AS)
                resource.prlimit(server.process.pid, resource.RLIMIT_AS, (300_000 * 1024, hard))
                accepted = []

                def post(number):
                    for turn in range(size(5, 100)):
                        with contextlib.suppress(*NO_ANSWER):
                            text = texts[(number + turn) % len(texts)]
                            answer = server.post(POST, {"content_id": "1", "body": text})
                            self.assertIn(answer.status, (201, 503), answer.body)
                            if answer.status == 201:
                                accepted.append(answer.json["id"])

                at_once([lambda n=number: post(n) for number in range(16)])
                resource.prlimit(server.process.pid, resource.RLIMIT_AS, (hard, hard))
                until(lambda: server.post(POST, {"content_id": "1", "body": "x"}).status == 201,
                      "it to go on")
                for comment_id in accepted:
                    self.assertEqual(server.get(f"{POST}/{comment_id}").status, 200)

    def control_group(self):
        """A control group of this test's own, or the reason that there is none."""
        mounted = Path("/sys/fs/cgroup")
        if not (mounted / "cgroup.controllers").exists():
            self.skipTest("there is no cgroup of version 2 here")
        group = mounted / f"comments-{os.getpid()}"
        try:
            group.mkdir()
        except OSError as why:
            self.skipTest(f"no control group can be made here: {why.strerror}")
        self.addCleanup(group.rmdir)
        try:
            (group / "memory.max").write_text(str(64 * MB))
        except OSError as why:
            self.skipTest(f"control groups have no limit of memory here: {why.strerror}")
        return group

    def test_in_a_control_group_of_64_mb_it_is_not_killed_if_groups_can_be_made_here(self):
        group = self.control_group()
        with Server("--store", "sqlite:comments.db") as server:
            (group / "cgroup.procs").write_text(str(server.process.pid))
            for number in range(size(50, 500)):
                text = {"content_id": str(number % 3), "body": LONG}
                self.assertEqual(server.post(POST, text).status, 201)
                self.assertEqual(server.get(f"{POST}?content_id=1&limit=200").status, 200)


if __name__ == "__main__":
    main()
