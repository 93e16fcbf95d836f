"""What the benches' Python processes have in common: a line of JSON in, a line of JSON out, until the input ends."""

import json
import sys
import time


def serve(handlers):
    """:param handlers: kind of request → function that takes the request and returns the answer"""
    for line in sys.stdin:
        request = json.loads(line)
        print(json.dumps(handlers[request["kind"]](request)), flush=True)


def timed(work):
    """:returns: wall time and CPU time of `work` over all cores, in ms. Other jobs change the second less."""
    start, cpu_start = time.perf_counter(), time.process_time()
    work()
    return {"ms": (time.perf_counter() - start) * 1000, "cpuMs": (time.process_time() - cpu_start) * 1000}
