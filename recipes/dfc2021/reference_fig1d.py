#!/usr/bin/env python3
"""Figure 1D by an independent program in float64 (NumPy, no line of Apical): how often do output and control oscillate?

  python3 recipes/dfc2021/reference_fig1d.py [--epochs 50] [--networks 24]

Students 15-10-10-1 with random weights learn their feedback as docs/figures.md says, all at once along the first axis of every
array; then an output step of random size is controlled, with the proportional part and without. Printed per network: J Q, how far
the output passes its target, and how far it turns back on the way, in per cent of the way.
"""
import argparse

import numpy as np

import reference

INPUTS, SAMPLES, BATCH = 15, 5000, 128
SLEEP = {
    "feedback": "learned", "alpha_fb": 0.25, "k_p_fb": 0.1, "dt_fb": 0.002, "steps_fb": 50,
    "tau_v_fb": 0.01, "tau_a_fb": 0.3, "sigma_fb": 0.01, "sigma_output_fb": 0.01,
}
RATE, DECAY, CLIP = 0.1, 0.025, 1


def learn_feedback(dfc, inputs, epochs, random):
    """Stochastic gradient descent in sleep, the joint norm clipped."""
    for _ in range(epochs):
        order = np.stack([random.permutation(SAMPLES) for _ in inputs])
        for k in range(0, SAMPLES, BATCH):
            gradients = dfc.sleep(np.take_along_axis(inputs, order[:, k : k + BATCH, None], 1))
            joint = np.sqrt(sum((g**2).reshape(len(g), -1).sum(1) for g in gradients))
            for Q, g in zip(dfc.Q, gradients):
                Q -= RATE * (g * reference.shrink(joint, CLIP, g.ndim) + DECAY * Q)


def loop_gain(net, Q, v):
    """J Q of every sample, from the output down."""
    below, gain = np.eye(1)[None, None], 0
    for i in reversed(range(net.L)):
        J = below * net.slope(i, v[i])[:, :, None, :]
        gain = gain + (J @ Q[i][:, None])[..., 0, 0]
        below = J @ net.W[i][:, None]
    return gain


def main():
    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    words.add_argument("--epochs", type=int, default=50)
    words.add_argument("--networks", type=int, default=24)
    said = words.parse_args()
    reference.SEEDS = said.networks
    random = np.random.default_rng(7)
    net = reference.Net([INPUTS, 10, 10, 1], random)
    inputs = random.uniform(-1, 1, (said.networks, SAMPLES, INPUTS))
    dfc = reference.DeepFeedback(net, SLEEP, "dfc", random)
    learn_feedback(dfc, inputs, said.epochs, random)

    x = inputs[:, :BATCH]
    v, r = net.forward(x)
    step = 0.02 * random.standard_normal((said.networks, BATCH, 1))
    print("JQ   ", np.round(np.sort(loop_gain(net, dfc.Q, v)[:, 0]), 2))
    order = np.argsort(loop_gain(net, dfc.Q, v)[:, 0])
    for k_p in (1.0, 0.0):
        how = {"alpha": 0.0015, "k_p": k_p, "dt": 0.005, "steps": 2000, "tau_v": 0.2, "tau_a": -1, "proactive": False}
        output = np.stack([state[4][-1][:, 0, 0] for state in reference.settle(net, dfc.Q, r, v, r[-1] + step, how)])
        way = (output - output[0]) / step[:, 0, 0]
        back = (np.maximum.accumulate(way, 0) - way).max(0)
        print(f"k_p {k_p:g}: beyond the target [%]", np.round(100 * np.maximum(0, way.max(0) - 1)[order], 1))
        print(f"k_p {k_p:g}: turned back [%]      ", np.round(100 * back[order], 1), flush=True)


if __name__ == "__main__":
    main()
