#!/usr/bin/env python3
"""Controlled equilibria and updates of the least-control rules, in reference.json beside this file.

An independent NumPy program, written from Meulemans, Zucchet et al. 2022 (arXiv 2207.01332). It knows no adjoint equation: the least control
is found by Newton's method on E(psi) = 1/2 |psi|^2 + (gain/alpha) loss(r_L(psi)), whose gradient is taken by complex steps through the
forward pass alone. "gradient" is dE*/dW of the minimum by central differences, each with a minimum of its own. Rules whose control is not the
least one are solved as the roots of their own fixed-point equations.
"""
import json
import pathlib

import numpy as np

PHI = {"linear": lambda v: v, "tanh": np.tanh, "sigmoid": lambda v: 1 / (1 + np.exp(-v))}
SLOPE = {"linear": np.ones_like, "tanh": lambda v: 1 - np.tanh(v) ** 2,
         "sigmoid": lambda v: PHI["sigmoid"](v) * (1 - PHI["sigmoid"](v))}


class Net:
    def __init__(self, units, hidden, output, loss, alpha, mean_loss, seed):
        rng = np.random.default_rng(seed)
        self.n, self.L, self.loss = units, len(units) - 1, loss
        self.act = [hidden] * (self.L - 1) + [output]
        pairs = list(zip(units[1:], units[:-1]))
        self.W = [rng.standard_normal(p) / np.sqrt(p[1]) for p in pairs]
        self.b = [0.3 * rng.standard_normal(k) for k in units[1:]]
        self.chain = [rng.standard_normal((units[i], units[i + 1])) / np.sqrt(units[i + 1]) for i in range(1, self.L)]
        self.Q = [rng.standard_normal((units[i], units[-1])) / np.sqrt(units[-1]) for i in range(1, self.L)]
        self.batch = 3
        self.x = rng.standard_normal((self.batch, units[0]))
        self.y = rng.integers(units[-1], size=self.batch) if loss == "ce" else rng.standard_normal((self.batch, units[-1]))
        self.alpha = alpha
        self.strength = (1 / self.batch if mean_loss else 1) / alpha
        self.cut = np.cumsum(units[1:])[:-1]

    def forward(self, psi, k, W=None):
        r, v = [self.x[k]], []
        for w, b, p, a in zip(W or self.W, self.b, np.split(psi, self.cut), self.act):
            v.append(w @ r[-1] + b + p)
            r.append(PHI[a](v[-1]))
        return v, r

    def energy(self, psi, k, W=None):
        out = self.forward(psi, k, W)[1][-1]
        if self.loss == "ce":
            loss = np.log(np.sum(np.exp(out - out.real.max()))) + out.real.max() - out[self.y[k]]
        else:
            loss = 0.5 * np.sum((out - self.y[k]) ** 2)
        return 0.5 * np.sum(psi ** 2) + self.strength * loss

    def error(self, out, k):
        if self.loss == "ce":
            p = np.exp(out - out.real.max())
            return np.eye(self.n[-1])[self.y[k]] - p / p.sum()
        return self.y[k] - out

    def slope(self, psi, k, W=None):
        step = 1e-200
        return np.array([self.energy(psi + step * 1j * e, k, W).imag / step for e in np.eye(len(psi))])

    def least(self, k, W=None, psi=None):
        psi = np.zeros(sum(self.n[1:])) if psi is None else psi
        for _ in range(100):
            g = self.slope(psi, k, W)
            if np.linalg.norm(g) < 1e-14 * max(1, self.strength):
                break
            h = 1e-6
            H = np.array([(self.slope(psi + h * e, k, W) - self.slope(psi - h * e, k, W)) / (2 * h) for e in np.eye(len(psi))])
            eig, vec = np.linalg.eigh((H + H.T) / 2)
            step = vec @ ((vec.T @ g) / np.abs(eig))
            t = 1.0
            while self.energy(psi - t * step, k, W).real > self.energy(psi, k, W).real + 1e-15 and t > 1e-6:
                t /= 2
            psi = psi - t * step
        assert np.linalg.norm(self.slope(psi, k, W)) < 1e-11 * max(1, self.strength)
        return psi

    # ψ = F(ψ): Newton with complex-step derivatives.
    def root(self, F, n):
        psi = np.zeros(n)
        for _ in range(100):
            res = psi - F(psi)
            if np.linalg.norm(res) < 1e-14:
                break
            step = 1e-200
            J = np.array([(F(psi + step * 1j * e)).imag / step for e in np.eye(n)]).T
            psi = psi - np.linalg.solve(np.eye(n) - J, res)
        assert np.linalg.norm(psi - F(psi)) < 1e-12
        return psi

    def chained(self, k):
        def F(psi):
            v, r = self.forward(psi, k)
            parts = [None] * self.L
            parts[-1] = SLOPE[self.act[-1]](v[-1]) * self.strength * self.error(r[-1], k)
            for i in reversed(range(self.L - 1)):
                parts[i] = SLOPE[self.act[i]](v[i]) * (self.chain[i] @ np.split(psi, self.cut)[i + 1])
            return np.concatenate(parts)
        return self.root(F, sum(self.n[1:]))

    def broadcast(self, k):
        def spread(u):
            return np.concatenate([q @ u for q in self.Q] + [u])
        u = self.root(lambda u: self.strength * self.error(self.forward(spread(u), k)[1][-1], k), self.n[-1])
        return spread(u)

    def update(self, psis, gated=False):
        dW, db = [np.zeros_like(w) for w in self.W], [np.zeros_like(b) for b in self.b]
        for k, psi in enumerate(psis):
            v, r = self.forward(psi, k)
            for i, p in enumerate(np.split(psi, self.cut)):
                p = p * SLOPE[self.act[i]](v[i]) if gated else p
                dW[i] += np.outer(p, r[i]) / self.batch
                db[i] += p / self.batch
        return {"W": [w.tolist() for w in dW], "b": [b.tolist() for b in db]}

    def feedback_update(self, psis):
        dB = [np.zeros_like(b) for b in self.chain]
        for k, psi in enumerate(psis):
            _, r = self.forward(psi, k)
            for i in range(self.L - 1):
                dB[i] += np.outer(r[i + 1], np.split(psi, self.cut)[i + 1]) / self.batch
        return [b.tolist() for b in dB]

    def gradient(self, psis):
        out = [np.zeros_like(w) for w in self.W]
        h = 1e-5
        for i, w in enumerate(self.W):
            for at in np.ndindex(w.shape):
                for sign in (1, -1):
                    W = [m.copy() for m in self.W]
                    W[i][at] += sign * h
                    for k in range(self.batch):
                        out[i][at] += sign * self.energy(self.least(k, W, psis[k]), k, W).real / (2 * h * self.batch)
        return [w.tolist() for w in out]

    def case(self):
        least = [self.least(k) for k in range(self.batch)]
        chained = [self.chained(k) for k in range(self.batch)]
        gradient, update = self.gradient(least), self.update(least)
        for w, g in zip(update["W"], gradient):
            assert np.linalg.norm(np.array(w) + np.array(g)) < 1e-7 * max(1, np.linalg.norm(g))
        return {"units": self.n, "activations": self.act, "loss": self.loss, "alpha": self.alpha,
                "reading": "code" if self.strength * self.alpha != 1 else "paper",
                "W": [w.tolist() for w in self.W], "b": [b.tolist() for b in self.b],
                "chain": [b.tolist() for b in self.chain], "Q": [q.tolist() for q in self.Q],
                "x": self.x.tolist(), "y": self.y.tolist(), "gradient": gradient,
                "least": update, "chained": self.update(chained), "chained_feedback": self.feedback_update(chained),
                "broadcast": self.update([self.broadcast(k) for k in range(self.batch)], gated=True)}


if __name__ == "__main__":
    cases = {"classifier": Net([5, 4, 4, 3], "tanh", "linear", "ce", 0.3, True, 1),
             "strong": Net([4, 5, 3], "tanh", "linear", "ce", 0.2, False, 2),
             "regression": Net([3, 4, 3, 2], "tanh", "sigmoid", "mse", 0.5, False, 3)}
    path = pathlib.Path(__file__).with_name("reference.json")
    path.write_text(json.dumps({name: net.case() for name, net in cases.items()}, indent=None, separators=(",", ":")) + "\n")
