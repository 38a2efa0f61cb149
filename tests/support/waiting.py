"""waiting.py - tests wait for what happens, never for time to pass."""
import time

PATIENCE = 60  # seconds; a test ends even if what it waits for never happens


def until(condition, what, patience=PATIENCE):
    """The first true value of `condition()`, which is asked again and again."""
    end = time.monotonic() + patience
    asked = time.monotonic()
    while not (value := condition()):
        now = time.monotonic()
        if now > end:
            raise AssertionError(f"in vain waited for {what}")
        time.sleep(max(0.005, now - asked))  # asking takes half of the time at most
        asked = time.monotonic()
    return value
