#!/usr/bin/env python3
"""attack - clients that ask for the dearest there is and read little of it: attack.py PORT SECONDS

64 of them come from 8 addresses of this machine (127.0.0.2 to 127.0.0.9). Each sends 16 requests at
once, reads some of what comes, leaves rudely, and comes again.
"""
import contextlib
import random
import socket
import struct
import sys
import threading
import time

ATTACKERS, ADDRESSES, PIPELINED = 64, 8, 16
HEAD = "{method} {target} HTTP/1.1\r\nHost: a\r\n{more}\r\n"
ASKED = [
    ("HEAD", "/api/v1/comments?content_id=big&limit=200&x={n}", "Accept-Encoding: gzip\r\n"),
    ("GET", "/api/v1/comments?content_id=big&limit=200&x={n}", "Accept-Encoding: gzip\r\n"),
    ("GET", "/api/v1/comments?content_id=big&limit=200&sort=top", "Authorization: Bearer {n}\r\n"),
    ("GET", "/contents/big?sort=newest&x={n}", "Accept-Encoding: gzip\r\n"),
    ("GET", "/api/v1/feed?content_id=big&x={n}", ""),
    ("GET", "/api/comment/list/big", ""),
]


def attack(number, port, end):
    chosen = random.Random(number)
    while time.monotonic() < end:
        method, target, more = chosen.choice(ASKED)
        n = chosen.randrange(1 << 30)
        asked = HEAD.format(method=method, target=target, more=more).replace("{n}", str(n))
        with contextlib.suppress(OSError), socket.socket() as client:
            client.settimeout(5)
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            client.bind((f"127.0.0.{2 + number % ADDRESSES}", 0))
            client.connect(("127.0.0.1", port))
            client.sendall(asked.encode() * PIPELINED)
            for _ in range(chosen.randrange(1, 20)):
                if time.monotonic() > end or not client.recv(1 << 16):
                    break


def main():
    port, seconds = int(sys.argv[1]), float(sys.argv[2])
    end = time.monotonic() + seconds
    attackers = [threading.Thread(target=attack, args=(number, port, end))
                 for number in range(ATTACKERS)]
    for one in attackers:
        one.start()
    for one in attackers:
        one.join()


if __name__ == "__main__":
    main()
