"""The worker's side of a comparison: a process of its own that times one kind of step whenever a line arrives."""
import argparse
import os
import sys
import time


def arguments():
    parser = argparse.ArgumentParser()
    parser.add_argument("rule")
    parser.add_argument("--dtype", default="float32", choices=["float32", "float64"])
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--compiled", action="store_true")
    parser.add_argument("--update", action="store_true", help="print the lengths of the proposed weight changes, per layer")
    options = parser.parse_args()
    # the processors that a library sees decide how many threads it makes
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[: options.threads])
    return options


def serve(step, wait=lambda: None):
    """step() runs one minibatch, wait() until it is done. Each line on standard input: the seconds to measure for; answer: seconds a step."""
    for _ in range(3):
        step()
    wait()
    print("ready", flush=True)
    for line in sys.stdin:
        runs, start = 0, time.perf_counter()
        while time.perf_counter() - start < float(line):
            step()
            wait()
            runs += 1
        print((time.perf_counter() - start) / runs, flush=True)
