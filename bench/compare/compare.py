#!/usr/bin/env python3
"""The same training step in Apical, PyTorch and JAX on one machine, in one run.

784-256-256-256-10, tanh, softmax cross-entropy, minibatch 128, SGD; T = 1000 for the settling rules. Every program is timed in a process of
its own, in turn with Apical's: the ratio of neighbours is what is reported, so that a machine whose speed drifts does not decide. Each
library runs with one thread and with two, and its better median counts, Apical's too.

    bench/compare/compare.py build/release/cli/apical --torch VENV/bin/python --jax VENV/bin/python [--rules dfc …] [--dtypes float32]
    bench/compare/compare.py --agree --torch … --jax …       the peers propose the same update: lengths per layer, in float64

With Debian's python3-torch install libopenblas0-pthread too, and set OPENBLAS_CORETYPE=SkylakeX where that OpenBLAS does not know an AVX-512
processor; with any other, leave OPENBLAS_CORETYPE and OPENBLAS_L2_SIZE unset. This program passes them on as they are.
"""
import argparse
import itertools
import json
import math
import os
import statistics
import subprocess
import sys

from problem import RULES

HERE = os.path.dirname(os.path.abspath(__file__))
BENCH_NAME = {"dfc": "dfc-dynamics", "dfc-ss": "dfc-ss-dynamics"}


class Peer:
    def __init__(self, name, rule, dtype, threads, options):
        library = name.split()[0]
        python = {"pytorch": options.torch, "jax": options.jax}[library]
        script = {"pytorch": "torch_steps.py", "jax": "jax_steps.py"}[library]
        command = [python, os.path.join(HERE, script), rule, "--dtype", dtype, "--threads", str(threads), "--clock", options.clock]
        if name.endswith("compiled"):
            command.append("--compiled")
        environment = dict(os.environ, OMP_NUM_THREADS=str(threads), OPENBLAS_NUM_THREADS=str(threads), MKL_NUM_THREADS=str(threads))
        self.process = subprocess.Popen(command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=subprocess.DEVNULL, text=True)
        if self.process.stdout.readline().strip() != "ready":
            raise RuntimeError(f"{name} does not run {rule}: try {' '.join(command)}")

    def seconds_per_step(self, seconds):
        self.process.stdin.write(f"{seconds}\n")
        self.process.stdin.flush()
        return float(self.process.stdout.readline())

    def close(self):
        self.process.stdin.close()
        self.process.wait()


def apical(options, rule, dtype, threads):
    command = [options.binary, "bench", BENCH_NAME.get(rule, rule), "--threads", str(threads), "--precision", dtype, "--repeats", "1",
               "--seconds", str(options.seconds), "--clock", options.clock, "--json", "--no-instructions"]
    row = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)["rows"][0]
    return row["milliseconds"] / 1e3, row["share_of_peak"]


def compare(name, rule, dtype, options):
    """The better thread count of each side, from interleaved measurements."""
    peers = {threads: Peer(name, rule, dtype, threads, options) for threads in options.threads}
    ours = {threads: [] for threads in options.threads}
    theirs = {threads: [] for threads in options.threads}
    shares = {threads: [] for threads in options.threads}
    for _ in range(options.pairs):
        for threads, peer in peers.items():
            theirs[threads].append(peer.seconds_per_step(options.seconds))
            seconds, share = apical(options, rule, dtype, threads)
            ours[threads].append(seconds)
            shares[threads].append(share)
    for peer in peers.values():
        peer.close()
    best = lambda times: min(times, key=lambda threads: statistics.median(times[threads]))
    mine, other = best(ours), best(theirs)
    single = [theirs[1][k] / ours[1][k] for k in range(options.pairs)] if 1 in ours else [math.nan]
    ratios = [theirs[other][k] / ours[mine][k] for k in range(options.pairs)]
    return {"rule": rule, "dtype": dtype, "peer": name, "apical_ms": 1e3 * statistics.median(ours[mine]), "apical_threads": mine,
            "apical_share_of_peak": statistics.median(shares[mine]), "peer_ms": 1e3 * statistics.median(theirs[other]),
            "peer_threads": other, "ratio": statistics.median(ratios), "ratio_least": min(ratios), "ratio_most": max(ratios),
            "ratio_one_thread": statistics.median(single)}


def show(rows):
    print("| step | precision | Apical ms (threads) | peer | ms (threads) | best against best [least, most] | one thread each |")
    print("|---|---|---|---|---|---|---|")
    for r in rows:
        print(f"| `{r['rule']}` | {r['dtype']} | {r['apical_ms']:.4g} ({r['apical_threads']}) | {r['peer']} | {r['peer_ms']:.4g} "
              f"({r['peer_threads']}) | {r['ratio']:.2f} [{r['ratio_least']:.2f}, {r['ratio_most']:.2f}] | {r['ratio_one_thread']:.2f} |", flush=True)


def agree(options):
    """Whether the peers compute the same thing: two programs written apart are each other's check."""
    worst = 0.0
    for rule in options.rules:
        lengths = []
        for python, script in ((options.torch, "torch_steps.py"), (options.jax, "jax_steps.py")):
            command = [python, os.path.join(HERE, script), rule, "--dtype", "float64", "--update"]
            lengths.append([float(word) for word in subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()])
        difference = max(abs(a / c - 1) for a, c in zip(*lengths))
        worst = max(worst, difference) if difference == difference else math.inf
        print(f"{rule:10} {' '.join(f'{length:.6e}' for length in lengths[0])}   differ by {difference:.1e}")
    return 0 if worst < 1e-9 else 1


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("binary", nargs="?", default="build/release/cli/apical")
    parser.add_argument("--torch", metavar="PYTHON", help="interpreter that has PyTorch")
    parser.add_argument("--jax", metavar="PYTHON", help="interpreter that has JAX")
    known = ["pytorch", "pytorch compiled", "jax"]
    parser.add_argument("--peers", nargs="+", default=known, choices=known)
    parser.add_argument("--rules", nargs="+", default=RULES, choices=RULES)
    parser.add_argument("--dtypes", nargs="+", default=["float32", "float64"])
    parser.add_argument("--threads", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--pairs", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=0.5, help="least time of one measurement")
    parser.add_argument("--clock", default="wall", choices=["wall", "cpu"],
                        help="cpu: process time over threads, where others use the machine too; for one thread only, libraries spin")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--agree", action="store_true", help="check that the peers propose the same updates, measure nothing")
    options = parser.parse_args()
    if options.agree:
        return agree(options)
    peers = [peer for peer in options.peers if {"pytorch": options.torch, "jax": options.jax}[peer.split()[0]]]
    rows = []
    for rule, dtype, peer in itertools.product(options.rules, options.dtypes, peers):
        rows.append(compare(peer, rule, dtype, options))
        print(f"measured {rule}, {dtype}, {peer}", file=sys.stderr, flush=True)
    print(json.dumps(rows, indent=1)) if options.json else show(rows)
    return 0


if __name__ == "__main__":
    sys.exit(main())
