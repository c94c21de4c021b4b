#!/usr/bin/python3
"""Training steps of backprop and DFA: Apical against PyTorch on the same processor, in the same run.

Same sizes (784-256-256-256-10, tanh, softmax cross-entropy), same minibatch of 128, SGD, float32. Both sides are timed in turn, pair by
pair, and the ratio of neighbours is what is reported, so that a machine whose speed drifts does not decide. PyTorch runs in a process of
its own with the thread count under test; its step is written as well as we can: no graph for DFA, in-place updates, no checks.

    bench/compare/pytorch_steps.py build/release/cli/apical [--threads 1 2] [--pairs 7] [--json]

Needs PyTorch with a fast BLAS (Debian: python3-torch and libopenblas0-pthread; with the reference BLAS PyTorch is 15 times slower, which
says nothing). Set OPENBLAS_CORETYPE=SkylakeX where OpenBLAS does not know an AVX-512 processor.
"""
import argparse
import json
import os
import statistics
import subprocess
import sys
import time

LAYERS = [784, 256, 256, 256, 10]
BATCH = 128
SECONDS = 1.0


def torch_worker(rule, threads):
    """Reads a line, answers with samples per second, again and again."""
    import torch

    torch.set_num_threads(threads)
    generator = torch.Generator().manual_seed(1)
    inputs = torch.rand(BATCH, LAYERS[0], generator=generator) - 0.5
    labels = torch.arange(BATCH) % LAYERS[-1]
    weights = [torch.randn(o, i, generator=generator) * (2 / (i + o)) ** 0.5 for i, o in zip(LAYERS, LAYERS[1:])]
    biases = [torch.zeros(o) for o in LAYERS[1:]]
    onehot = torch.nn.functional.one_hot(labels, LAYERS[-1]).float()
    rate = 1e-9

    def forward():
        rates = [inputs]
        for i, (w, b) in enumerate(zip(weights, biases)):
            v = torch.addmm(b, rates[-1], w.t())
            rates.append(torch.tanh_(v) if i + 1 < len(weights) else v)
        return rates

    def update(layer, delta, below):
        weights[layer].addmm_(delta.t(), below, alpha=-rate / BATCH)
        biases[layer].add_(delta.sum(0), alpha=-rate / BATCH)

    def backprop():
        rates = forward()
        delta = torch.softmax(rates[-1], 1).sub_(onehot)
        for layer in reversed(range(len(weights))):
            below = rates[layer]
            back = delta @ weights[layer] if layer else None
            update(layer, delta, below)
            if layer:
                delta = back.mul_(1 - below * below)

    feedback = [torch.randn(o, LAYERS[-1], generator=generator) * 0.1 for o in LAYERS[1:-1]]

    def dfa():
        rates = forward()
        error = torch.softmax(rates[-1], 1).sub_(onehot)
        update(len(weights) - 1, error, rates[-2])
        for layer, g in enumerate(feedback):
            delta = (error @ g.t()).mul_(1 - rates[layer + 1] * rates[layer + 1])
            update(layer, delta, rates[layer])

    step = {"backprop": backprop, "dfa": dfa}[rule]
    with torch.no_grad():
        for _ in range(20):
            step()
        for _ in sys.stdin:
            runs, start = 0, time.perf_counter()
            while time.perf_counter() - start < SECONDS:
                for _ in range(10):
                    step()
                runs += 10
            print(runs * BATCH / (time.perf_counter() - start), flush=True)


class Torch:
    def __init__(self, rule, threads):
        environment = dict(os.environ, OMP_NUM_THREADS=str(threads), OPENBLAS_NUM_THREADS=str(threads), OMP_WAIT_POLICY="PASSIVE")
        self.process = subprocess.Popen([sys.executable, __file__, "--worker", rule, "--threads", str(threads)], env=environment,
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def samples_per_s(self):
        self.process.stdin.write("go\n")
        self.process.stdin.flush()
        return float(self.process.stdout.readline())

    def close(self):
        self.process.stdin.close()
        self.process.wait()


def apical_samples_per_s(binary, rule, threads):
    output = subprocess.run([binary, "bench", rule, "--threads", str(threads), "--repeats", "1", "--seconds", str(SECONDS), "--json"],
                            check=True, capture_output=True, text=True).stdout
    return json.loads(output)["rows"][0]["samples_per_s"]


def compare(binary, rule, threads, pairs):
    worker = Torch(rule, threads)
    worker.samples_per_s()
    ours, theirs, ratios = [], [], []
    for _ in range(pairs):
        theirs.append(worker.samples_per_s())
        ours.append(apical_samples_per_s(binary, rule, threads))
        ratios.append(ours[-1] / theirs[-1])
    worker.close()
    return {"rule": rule, "threads": threads, "apical_samples_per_s": statistics.median(ours),
            "pytorch_samples_per_s": statistics.median(theirs), "ratio": statistics.median(ratios), "ratio_least": min(ratios),
            "ratio_most": max(ratios)}


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("binary", nargs="?", default="build/release/cli/apical")
    parser.add_argument("--threads", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--pairs", type=int, default=7)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--worker", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.worker:
        return torch_worker(options.worker, options.threads[0])
    rows = [compare(options.binary, rule, threads, options.pairs) for rule in ("backprop", "dfa") for threads in options.threads]
    if options.json:
        print(json.dumps(rows, indent=1))
        return None
    print(f"{'rule':10} {'threads':>7} {'Apical':>10} {'PyTorch':>10}  ratio [least, most]   (samples/s, medians of {options.pairs} pairs)")
    for row in rows:
        print(f"{row['rule']:10} {row['threads']:7} {row['apical_samples_per_s']:10.0f} {row['pytorch_samples_per_s']:10.0f}  "
              f"{row['ratio']:.2f} [{row['ratio_least']:.2f}, {row['ratio_most']:.2f}]")
    return None


if __name__ == "__main__":
    main()
