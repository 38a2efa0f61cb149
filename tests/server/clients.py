"""clients - clients that post comments, and check afterwards that each is there once.

A key is an Idempotency-Key and the comment's text at once, so a text that is listed twice was
posted twice. Contents are a few, so that clients meet in each of them.
"""
import time

from support import NO_ANSWER, LEGACY_POST, POST

CONTENTS = ("a", "b", "c")


class Client:
    """Posts comments, each with a key of its own, and remembers what it was told of them."""

    def __init__(self, number, dice):
        self.number, self.dice = number, dice
        self.sent, self.acknowledged = {}, {}  # by key: (target, body), the answer
        self.ids = {content_id: [] for content_id in CONTENTS}  # to which it may reply

    def new_key(self):
        key = f"client-{self.number}-post-{len(self.sent)}"
        self.sent[key] = self.draft(key)
        return key

    def draft(self, key):
        content_id = self.dice.choice(CONTENTS)
        if self.dice.random() < 0.2:
            return LEGACY_POST, {"content_id": content_id, "comment": key,
                                   "email": "gabriela@example.com"}
        known = self.ids[content_id]
        parent = self.dice.choice(known) if known and self.dice.random() < 0.3 else None
        return POST, {"content_id": content_id, "body": key, "parent_id": parent}

    def ask(self, server, key):
        target, body = self.sent[key]
        return server.post(target, body, {"Idempotency-Key": key})

    def send(self, server, key):
        return self.take(key, self.ask(server, key))

    def take(self, key, answer):
        if answer.status not in (200, 201):
            raise AssertionError(answer)
        made = answer.json
        made.pop("edit_token", None)
        made.pop("browser", None)
        if key not in self.acknowledged and "content_id" in made:
            self.ids[made["content_id"]].append(made["id"])
        if self.acknowledged.setdefault(key, made).get("id") != made.get("id"):
            raise AssertionError(f"{key} became another comment")
        return answer


class Insistent(Client):
    """Sends each of its comments, now here, now there, until it is acknowledged.

    `refused` and `unanswered` count what came instead. No answer may take longer than `longest`.
    """
    longest = 20  # seconds; every wait of the server's ends well before, on a busy machine too

    def __init__(self, number, dice, nodes):
        super().__init__(number, dice)
        self.nodes, self.refused, self.unanswered = nodes, 0, 0
        self.answers = []  # (when it came, how long it took, from whom, its status)

    def post_until(self, is_over):
        while not is_over.wait(0.02):  # so that clients leave the machine to the servers
            self.insist(self.new_key())

    def insist(self, key):
        while not self.tried(key):
            time.sleep(0.02)  # a client takes a breath

    def tried(self, key):
        node, begun = self.dice.choice(self.nodes), time.monotonic()
        try:
            answer = self.ask(node, key)
        except NO_ANSWER as failure:
            if isinstance(failure, TimeoutError):
                raise
            self.unanswered += 1
            return False
        now = time.monotonic()
        self.answers.append((now, now - begun, node, answer.status))
        if now - begun > self.longest:
            raise AssertionError(f"{now - begun:.1f} s to {answer}")
        if answer.status != 503:
            return self.take(key, answer)
        if int(answer.headers["Retry-After"]) < 1:
            raise AssertionError(answer)
        self.refused += 1
        return False
