"""postgres_wire - stands between nodes and their database, and changes what they send each other.

    with Between(database.port, to_client=lose_notifications) as between:
        Server("--store", f"postgresql://…127.0.0.1:{between.port}/…?sslmode=disable")

A change is a function of a message (its type and its content) that returns the content to send
instead, or None to send nothing; a ConnectionError that it raises ends the connection. PostgreSQL's
protocol, version 3: a message is its type, its length, which counts itself, and its content; the
first from a client has no type.
"""
import contextlib
import socket
import struct
import threading


def lose_notifications(kind, content):
    return None if kind == b"A" else content


def without_notify(kind, content):
    """LISTEN, NOTIFY and pg_notify become words that no database knows."""
    if kind in b"PQ":
        for word in (b"LISTEN", b"NOTIFY", b"pg_notify"):
            content = content.replace(word, word[:-1] + b"_")
    return content


class LostCommits:
    """Ends the connection in place of the answers to the next `left` commits, which are done."""

    def __init__(self):
        self.left = 0

    def __call__(self, kind, content):
        if kind == b"C" and content == b"COMMIT\0" and self.left > 0:
            self.left -= 1
            raise ConnectionAbortedError
        return content


class Between:
    def __init__(self, port, to_client=None, to_server=None):
        self.target, self.to_client, self.to_server = port, to_client, to_server
        self.changed, self.sockets, self.threads = 0, [], []

    def __enter__(self):
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.start(self.accept)
        return self

    def __exit__(self, *_):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        for each in self.sockets:
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
        for thread in self.threads:
            thread.join()
        for each in self.sockets:
            each.close()

    def start(self, work, *arguments):
        thread = threading.Thread(target=work, args=arguments)
        self.threads.append(thread)
        thread.start()

    def accept(self):
        with contextlib.suppress(OSError):  # closed, at the end
            while True:
                client, _ = self.listener.accept()
                self.sockets.append(client)
                server = socket.create_connection(("127.0.0.1", self.target))
                self.sockets.append(server)
                self.start(self.carry, client, server, self.to_server, True)
                self.start(self.carry, server, client, self.to_client, False)

    def carry(self, source, sink, change, has_first):
        with contextlib.suppress(OSError), source.makefile("rb") as messages:
            if has_first:
                length = messages.read(4)
                sink.sendall(length + messages.read(struct.unpack("!I", length)[0] - 4))
            while head := messages.read(5):
                kind, length = struct.unpack("!cI", head)
                content = messages.read(length - 4)
                told = change(kind, content) if change else content
                self.changed += told != content
                if told is not None:
                    sink.sendall(kind + struct.pack("!I", len(told) + 4) + told)
        with contextlib.suppress(OSError):
            sink.shutdown(socket.SHUT_WR)  # which tells the other side of the end
