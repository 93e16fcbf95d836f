"""What the benches' Python processes have in common: a line of JSON in, a line of JSON out, until the input ends."""

import json
import sys
import time


def serve(handlers):
    """handlers: kind of request -> function of the request that returns what is answered."""
    for line in sys.stdin:
        request = json.loads(line)
        print(json.dumps(handlers[request["kind"]](request)), flush=True)


def timed(work):
    start = time.perf_counter()
    work()
    return (time.perf_counter() - start) * 1000
