"""effort.py - how much a test tries: less in `./dev test`, all of it in `./dev test long`.

That one sets COMMENTS_TEST_LONG. size.hpp is the same in C++.
"""
import os
import random
import sys

IS_LONG = "COMMENTS_TEST_LONG" in os.environ


def size(few, many):
    return many if IS_LONG else few


def sample(things, parts):
    """One in `parts` of the things, in their order, by COMMENTS_TEST_SEED or by chance."""
    things = list(things)
    if IS_LONG:
        return things
    seed = os.environ.setdefault("COMMENTS_TEST_SEED", str(random.randrange(10**6)))
    print(f"COMMENTS_TEST_SEED={seed}", file=sys.stderr)
    chosen = random.Random(seed).sample(range(len(things)), -(-len(things) // parts))
    return [things[at] for at in sorted(chosen)]
