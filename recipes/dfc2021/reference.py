#!/usr/bin/env python3
"""Bands for the short forms, by an independent program in float64: NumPy, no line of Apical.

  python3 recipes/dfc2021/reference.py recipes/dfc2021/table1/mnist/quick/*.toml
  python3 recipes/dfc2021/reference.py --shallow --flip recipes/dfc2021/table1/mnist/quick/dfc.toml

Reads the recipes for their settings alone and prints mean and sample standard deviation over seeds of the training loss of the
last epoch. All seeds run at once, along the first axis of every array. Equations as in docs/rules/dfc.md, reading "code".
"""
import argparse
import gzip
import pathlib
import tomllib

import numpy as np

SEEDS = 16
DIGITS = pathlib.Path(__file__).resolve().parents[2] / "data/digits/digits.csv.gz"


def recipe(path):
    """A recipe on top of those that it extends, section by section."""
    with open(path, "rb") as file:
        own = tomllib.load(file)
    bases = own.pop("extends", [])
    merged = {}
    for layer in [recipe(path.parent / base) for base in ([bases] if isinstance(bases, str) else bases)] + [own]:
        merge(merged, layer)
    return merged


def merge(into, more):
    for key, value in more.items():
        if isinstance(value, dict):
            merge(into.setdefault(key, {}), value)
        else:
            into[key] = value


def mul(x, W):
    """[S, B, m] times the transpose of [S, n, m]."""
    return x @ W.transpose(0, 2, 1)


class Adam:
    def __init__(self, settings, tensors):
        self.s, self.x, self.t = settings, tensors, 0
        self.m = [np.zeros_like(x) for x in tensors]
        self.v = [np.zeros_like(x) for x in tensors]
        self.rates = settings.get("layer_rates")

    def step(self, gradients, sign=1):
        s, norm = self.s, lambda g: np.sqrt((g**2).reshape(len(g), -1).sum(1))
        if s.get("clip") == "per-tensor":
            gradients = [g * shrink(norm(g), s["clip_norm"], g.ndim) for g in gradients]
        if s.get("clip") == "joint":
            joint = np.sqrt(sum(norm(g) ** 2 for g in gradients))
            gradients = [g * shrink(joint, s["clip_norm"], g.ndim) for g in gradients]
        self.t += 1
        for i, g in enumerate(gradients):
            g = sign * g + s.get("weight_decay", 0) * self.x[i]
            self.m[i] += (1 - s["beta1"]) * (g - self.m[i])
            self.v[i] += (1 - s["beta2"]) * (g * g - self.v[i])
            m = self.m[i] / (1 - s["beta1"] ** self.t)
            v = self.v[i] / (1 - s["beta2"] ** self.t)
            self.x[i] -= s["learning_rate"] * m / (np.sqrt(v) + s["epsilon"])


def shrink(norm, most, ndim):
    return np.minimum(1, most / (norm + 1e-6)).reshape((-1,) + (1,) * (ndim - 1))


class Net:
    def __init__(self, widths, random):
        self.n, self.L = widths, len(widths) - 1
        xavier = lambda n, m: random.standard_normal((SEEDS, n, m)) * np.sqrt(2 / (n + m))
        self.W = [xavier(n, m) for m, n in zip(widths, widths[1:])]
        self.b = [np.zeros((SEEDS, n)) for n in widths[1:]]
        self.G = [xavier(n, widths[-1]) for n in widths[1:-1]]

    def phi(self, i, v):
        return np.tanh(v) if i < self.L - 1 else v

    def slope(self, i, v):
        return 1 - np.tanh(v) ** 2 if i < self.L - 1 else np.ones_like(v)

    def forward(self, x):
        v, r = [], [x]
        for i in range(self.L):
            v.append(mul(r[-1], self.W[i]) + self.b[i][:, None])
            r.append(self.phi(i, v[-1]))
        return v, r


def softmax(x):
    e = np.exp(x - x.max(-1, keepdims=True))
    return e / e.sum(-1, keepdims=True)


def outer(post, pre):
    """Mean over the minibatch of post preᵀ, and of post for the bias."""
    return post.transpose(0, 2, 1) @ pre / pre.shape[1], post.mean(1)


def settle(net, Q, r_start, v_start, target, how, noise=None):
    """States 0 … T−1 of the controlled dynamics: yields u, v_fb, v_ff, v, r (rates with the input in front)."""
    alpha, k_p, dt = how["alpha"], how["k_p"], how["dt"]
    tau_v, tau_a = max(how["tau_v"], dt), dt if how["tau_a"] < 0 else max(how["tau_a"], dt)
    v, r, v_ff = [a.copy() for a in v_start], list(r_start), list(v_start)
    v_fb = [np.zeros_like(a) for a in v]
    u = u_int = np.zeros_like(target)
    yield u, v_fb, v_ff, v, r
    for _ in range(how["steps"] - 1):
        e = target - r[-1]
        u_int = u_int + dt * (e - alpha * u)
        u_new = u_int + k_p * e
        seen = u_new if how["proactive"] else u
        v_fb, v_ff, v, r = list(v_fb), list(v_ff), list(v), list(r)
        for i in range(net.L):
            v_ff[i] = mul(r[i], net.W[i]) + net.b[i][:, None]
            v_fb[i] = v_fb[i] + dt / tau_a * (mul(seen, Q[i]) - v_fb[i])
            if noise:
                v_fb[i] = v_fb[i] + noise(i, np.sqrt(dt) / tau_a, v_fb[i].shape)
            v[i] = v[i] + dt / tau_v * (v_fb[i] + v_ff[i] - v[i])
            r[i + 1] = net.phi(i, v[i])
        u = u_new
        yield u, v_fb, v_ff, v, r


def converged(target, r_start, first, last, u, alpha):
    norm = lambda x: np.sqrt((x**2).sum(-1))
    relative = norm(last - (target - alpha * u)) / norm(r_start)
    return (relative < 1e-5) & (norm(target - last) < 0.25 * norm(target - first))


class DeepFeedback:
    def __init__(self, net, rule, kind, random):
        self.net, self.rule, self.kind, self.random = net, rule, kind, random
        n_out = net.n[-1]
        if rule["feedback"] == "fixed":
            self.Q = [np.repeat(np.eye(n_out)[None], SEEDS, 0)]
            for W in reversed(net.W[1:]):
                self.Q.insert(0, W.transpose(0, 2, 1) @ self.Q[0])
        else:
            self.Q = [random.standard_normal((SEEDS, n, n_out)) * np.sqrt(2 / (n + n_out)) for n in net.n[1:-1]]
            self.Q.append(np.repeat(np.eye(n_out)[None], SEEDS, 0))

    def gradient(self, x, loss_gradient):
        net, rule = self.net, self.rule
        v, r = net.forward(x)
        target = r[-1] - rule["target_step"] / x.shape[1] * loss_gradient(r[-1])
        if self.kind == "dfc-ssa":
            return self.update(*self.solved(v, r, target), 1)
        how = {k: rule[k] for k in ("alpha", "k_p", "dt", "steps", "tau_v", "tau_a", "proactive")}
        each_step = self.kind == "dfc"

        def watched(weight):
            """The last state, and where each state teaches the sum of their updates."""
            total = None
            for last in settle(net, self.Q, r, v, target, how):
                if each_step:
                    part = self.update(last[2], last[3], last[4], weight / how["steps"])
                    total = part if total is None else [a + b for a, b in zip(total, part)]
            return last, total

        last, total = watched(1)
        keep = np.ones(x.shape[:2])
        if not rule["include_non_converged"]:
            keep = converged(target, r[-1], r[-1], last[4][-1], last[0], rule["alpha"]).astype(float)
        self.kept = keep.mean()
        if not each_step:
            v_ff = [mul(last[4][i], net.W[i]) + net.b[i][:, None] for i in range(net.L)]
            return self.update(v_ff, last[3], last[4], keep[..., None])
        # once more from the start if some sample stays out: which, is known at the end alone
        return total if keep.all() else watched(keep[..., None])[1]

    def solved(self, v, r, target):
        net, Q = self.net, self.Q
        J, below = [None] * net.L, np.eye(net.n[-1])[None, None]
        for i in reversed(range(net.L)):
            J[i] = below * net.slope(i, v[i])[:, :, None, :]
            below = J[i] @ net.W[i][:, None]
        JQ = sum(J[i] @ Q[i][:, None] for i in range(net.L))
        u = np.linalg.solve(JQ + self.rule["alpha"] * np.eye(net.n[-1]), (target - r[-1])[..., None])[..., 0]
        v_ff, v_new, r_new = [], [], [r[0]]
        for i in range(net.L):
            v_ff.append(mul(r_new[-1], net.W[i]) + net.b[i][:, None])
            v_new.append(v_ff[-1] + mul(u, Q[i]))
            r_new.append(net.phi(i, v_new[-1]))
        return v_ff, v_new, r_new

    def update(self, v_ff, v, r, weight):
        gradients = [outer(-2 * weight * (self.net.phi(i, v[i]) - self.net.phi(i, v_ff[i])), r[i]) for i in range(self.net.L)]
        return [g[0] for g in gradients] + [g[1] for g in gradients]

    def sleep(self, x):
        net, rule = self.net, self.rule
        how = {k: rule[k + "_fb"] for k in ("alpha", "k_p", "dt", "steps", "tau_v", "tau_a")} | {"proactive": False}
        sigma, output = rule["sigma_fb"], rule["sigma_output_fb"]
        scale = [sigma] * (net.L - 1) + [sigma if output < 0 else output]
        noise = lambda i, factor, shape: scale[i] * factor * self.random.standard_normal(shape)
        v, r = net.forward(x)
        total, before = [np.zeros_like(q) for q in self.Q], None
        for u, v_fb, *_ in settle(net, self.Q, r, v, r[-1], how, noise):
            if before is not None:
                for i in range(net.L):
                    total[i] += before[i].transpose(0, 2, 1) @ u
            before = v_fb
        return [g / max(sigma, 0.01) ** 2 / (how["steps"] - 1) / x.shape[1] for g in total]


def train(settings, shallow, flip):
    random = np.random.default_rng(2021)
    problem, rule = settings["problem"], settings["rule"]
    table = np.loadtxt(gzip.open(DIGITS, "rt"), delimiter=",")
    inputs, labels = table[:, :-1] / 16, table[:, -1].astype(int)
    chosen = np.stack([random.permutation(len(inputs))[: problem["training_samples"]] for _ in range(SEEDS)])
    widths = settings["network"]["layers"]
    net = Net([inputs.shape[1]] + widths[1:-1] + [10], random)
    kind = "shallow" if shallow else rule["id"]
    dfc = DeepFeedback(net, rule, kind, random) if kind.startswith("dfc") else None
    adam = Adam(settings["optimizer"], net.W + net.b)
    sleepers = {}
    if dfc and rule["feedback"] == "learned":
        sleepers = {name: Adam(settings["optimizer"][name], dfc.Q) for name in ("feedback-pretraining", "feedback")}
    B = problem["batch_size"]

    def minibatches():
        order = np.stack([random.permutation(row) for row in chosen])
        return [order[:, k : k + B] for k in range(0, order.shape[1], B)]

    def sleep(name, epochs):
        for _ in range(epochs if sleepers else 0):
            for batch in minibatches():
                sleepers[name].step(dfc.sleep(inputs[batch]))

    sleep("feedback-pretraining", rule.get("pretraining_epochs", 0))
    for _ in range(settings["training"]["epochs"]):
        sleep("feedback", rule.get("sleep_before", 0))
        losses = []
        for batch in minibatches():
            x, hot = inputs[batch], np.eye(10)[labels[batch]]
            loss_gradient = lambda out: softmax(out) - hot
            v, r = net.forward(x)
            losses.append((-np.log((softmax(r[-1]) * hot).sum(-1))).sum(1))
            adam.step(dfc.gradient(x, loss_gradient) if dfc else feedforward(net, kind, rule, v, r, loss_gradient(r[-1])), -1 if flip else 1)
        sleep("feedback", rule.get("sleep_after", 0))
    return np.sum(losses, 0) / chosen.shape[1]


def feedforward(net, kind, rule, v, r, error):
    """Gradients of backprop, of direct feedback alignment, or of the read-out alone."""
    delta = [None] * net.L
    delta[-1] = error
    for i in reversed(range(net.L - 1)):
        back = error @ net.G[i].transpose(0, 2, 1) if kind == "dfa" else delta[i + 1] @ net.W[i + 1]
        delta[i] = back * net.slope(i, v[i]) * (0 if kind == "shallow" else 1)
    factor = 2 * rule["target_step"] / error.shape[1] if kind == "dfa" else 1
    gradients = [outer(factor * delta[i], r[i]) for i in range(net.L)]
    return [g[0] for g in gradients] + [g[1] for g in gradients]


if __name__ == "__main__":
    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    words.add_argument("recipes", nargs="+", type=pathlib.Path)
    words.add_argument("--shallow", action="store_true", help="the read-out alone, with the optimizer of the recipe")
    words.add_argument("--flip", action="store_true", help="every update with the wrong sign")
    said = words.parse_args()
    for path in said.recipes:
        with np.errstate(all="ignore"):
            losses = train(recipe(path), said.shallow, said.flip)
        print(f"{path}: mean {losses.mean():.4g} sd {losses.std(ddof=1):.2g} least {losses.min():.4g} most {losses.max():.4g}", flush=True)
