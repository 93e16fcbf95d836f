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
    """What work takes by the clock and of all cores, in ms; other jobs disturb the second less."""
    start, cpu_start = time.perf_counter(), time.process_time()
    work()
    return {"ms": (time.perf_counter() - start) * 1000, "cpuMs": (time.process_time() - cpu_start) * 1000}
