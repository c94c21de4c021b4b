#!/usr/bin/env python3
"""What the probes of the theory should find for the networks of reference.json, in theory.json beside this file.

An independent NumPy program: it takes the nonlinear Euler step of each rule as the papers write it, differentiates it by complex steps at the
feedforward point and at the rest point, and looks at the eigenvalues. It knows no second derivative, no error slope and no path of the control.
"""
import json
import pathlib

import numpy as np

from make_reference import Net, PHI, SLOPE

SETTINGS = {"fine": {"dt": 0.1, "tau_v": 0.2, "tau_a": 0.3, "k_p": 0.4, "k_i": 0.7},
            "coarse": {"dt": 0.9, "tau_v": 0.9, "tau_a": 1.5, "k_p": 0.0, "k_i": 8.0}}
ENERGY = {"fine": {"dt": 0.1, "tau_v": 1.0, "tau_a": 0.1}, "coarse": {"dt": 0.9, "tau_v": 1.0, "tau_a": 0.9}}
RULES = ["lcp-di", "lcp-kp", "lcp-lf", "lcp-ebd"]


# On the controls that can arise: the errors of a softmax add up to 0.
def eigenvalues(matrix, net):
    n, rest = net.n[-1], len(matrix) - net.n[-1]
    axes = np.eye(n) if net.loss != "ce" else np.linalg.svd(np.ones((1, n)))[2][1:].T
    basis = np.block([[np.eye(rest), np.zeros((rest, axes.shape[1]))], [np.zeros((n, rest)), axes]])
    assert np.linalg.norm(matrix @ basis - basis @ basis.T @ matrix @ basis) < 1e-9
    return np.linalg.eigvals(basis.T @ matrix @ basis)


def derivative(f, x):
    return np.array([f(x + 1e-200j * e).imag / 1e-200 for e in np.eye(len(x))]).T


class Theory:
    def __init__(self, net, rule, settings):
        self.net, self.rule = net, rule
        self.gain = net.strength * net.alpha
        self.s = dict((ENERGY if rule == "lcp-ebd" else SETTINGS)[settings])
        if rule == "lcp-ebd":
            self.s |= {"k_p": 1 / net.alpha, "k_i": 0.0}
        # at rest u = k_i e / α + k_p e
        net.strength = self.gain * (self.s["k_i"] / net.alpha + self.s["k_p"])
        self.rest = [{"lcp-di": net.least, "lcp-ebd": net.least, "lcp-kp": net.chained, "lcp-lf": net.broadcast}[rule](k)
                     for k in range(net.batch)]
        net.strength = self.gain / net.alpha

    def split(self, x):
        return np.split(x, self.net.cut)

    def spread(self, u):
        return [q @ u for q in self.net.Q] + [u]

    def step(self, x, k, aim=0):
        """One Euler step of soma, control of the neurons and integral of the control, one after the other in x. aim: the error that counts as none."""
        net, s = self.net, self.s
        N = sum(net.n[1:])
        v, psi, integral = self.split(x[:N]), self.split(x[N:2 * N]), x[2 * N:]
        r = [net.x[k]] + [PHI[a](one) for a, one in zip(net.act, v)]
        e = self.gain * (net.error(r[-1], k) - aim)
        integral = integral + s["dt"] * (s["k_i"] * e - net.alpha * integral)
        u = integral + s["k_p"] * e
        slope = [SLOPE[a](one) for a, one in zip(net.act, v)]
        drive = self.spread(u)
        if self.rule != "lcp-lf":
            drive[-1] = slope[-1] * u
            for i in range(net.L - 1):
                above = psi[i + 1]
                if self.rule == "lcp-ebd":
                    above = v[i + 1] - net.W[i + 1] @ r[i + 1] - net.b[i + 1]
                down = net.chain[i] if self.rule == "lcp-kp" else net.W[i + 1].T
                drive[i] = slope[i] * (down @ above)
        below, new_v, new_psi = net.x[k], [], []
        for i in range(net.L):
            at_once = self.rule == "lcp-lf" or s["tau_a"] <= s["dt"]
            new_psi.append(drive[i] if at_once else psi[i] + s["dt"] / s["tau_a"] * (drive[i] - psi[i]))
            basal = net.W[i] @ below + net.b[i]
            new_v.append(v[i] + s["dt"] / max(s["tau_v"], s["dt"]) * (basal + new_psi[i] - v[i]))
            below = PHI[net.act[i]](new_v[i])
        return np.concatenate(new_v + new_psi + [integral])

    def state(self, psi, k):
        v, r = self.net.forward(psi, k)
        integral = self.s["k_i"] / self.net.alpha * self.gain * self.net.error(r[-1], k) if psi.any() else np.zeros(self.net.n[-1])
        return np.concatenate(v + [psi, integral])

    # at the feedforward point as if the output were wanted where it is
    def growth(self, psi, k):
        x = self.state(psi, k)
        aim = 0 if psi.any() else self.net.error(self.net.forward(psi, k)[1][-1], k)
        assert np.abs(self.step(x, k, aim) - x).max() < 1e-10
        matrix = derivative(lambda x: self.step(x, k, aim), x)
        return np.log(np.abs(eigenvalues(matrix, self.net)).max()) / self.s["dt"]

    # of voltages and integral in continuous time, the control handed out at once
    def flow(self, x, k):
        net, s = self.net, self.s
        N = sum(net.n[1:])
        v, integral = self.split(x[:N]), x[N:]
        e = self.gain * net.error(PHI[net.act[-1]](v[-1]), k)
        psi = self.spread(integral + s["k_p"] * e)
        r = [net.x[k]] + [PHI[a](one) for a, one in zip(net.act, v)]
        tau = max(s["tau_v"], s["dt"])
        change = [(net.W[i] @ r[i] + net.b[i] + psi[i] - v[i]) / tau for i in range(net.L)]
        return np.concatenate(change + [s["k_i"] * e - net.alpha * integral])

    def largest_real_part(self, psi, k):
        v, r = self.net.forward(psi, k)
        x = np.concatenate(v + [np.zeros(self.net.n[-1])])
        return eigenvalues(derivative(lambda y: self.flow(y, k), x), self.net).real.max()

    def instant(self, psi, k):
        net = self.net

        def change(u):
            out = net.forward(np.concatenate(self.spread(u)), k)[1][-1]
            return self.s["k_i"] * self.gain * net.error(out, k) - net.alpha * u
        return eigenvalues(derivative(change, psi[-net.n[-1]:]), net).real.max()

    def jacobian(self, k):
        return derivative(lambda psi: self.net.forward(psi, k)[1][-1], np.zeros(sum(self.net.n[1:])))

    def feedback(self, k):
        if self.rule == "lcp-lf":
            return np.vstack(self.spread(np.eye(self.net.n[-1])))
        v, _ = self.net.forward(np.zeros(sum(self.net.n[1:])), k)
        parts = [np.diag(SLOPE[self.net.act[-1]](v[-1]))]
        for i in reversed(range(self.net.L - 1)):
            parts.insert(0, SLOPE[self.net.act[i]](v[i])[:, None] * (self.net.chain[i] @ parts[0]))
        return np.vstack(parts)

    def found(self):
        samples = range(self.net.batch)
        none = np.zeros(sum(self.net.n[1:]))
        probes = {}
        for probe, points in (("stability", [none] * self.net.batch), ("stability-controlled", self.rest)):
            probes[probe] = {"Euler step": max(self.growth(points[k], k) for k in samples)}
            if self.rule == "lcp-lf":
                probes[probe]["A_PI"] = max(self.largest_real_part(points[k], k) for k in samples)
                probes[probe]["A_inst"] = max(self.instant(points[k], k) for k in samples)
        if self.rule == "lcp-lf":
            instant = [self.instant(self.rest[k], k) for k in samples]
            probes["condition-3"] = {"network": -max(instant), "share": float(np.mean(np.array(instant) < 0))}
        if self.rule in ("lcp-lf", "lcp-kp"):
            shares, angles = [], []
            for k in samples:
                J, Q = self.jacobian(k), self.feedback(k)
                shares.append(np.linalg.norm(np.linalg.pinv(J) @ J @ Q) / np.linalg.norm(Q))
                angles.append(np.degrees(np.arccos((Q * J.T).sum() / np.linalg.norm(Q) / np.linalg.norm(J))))
            probes["condition-2"] = {"network": np.mean(shares), "smallest": min(shares)}
            probes["feedback-angle-transpose"] = {"network": np.mean(angles)}
        return probes


if __name__ == "__main__":
    cases = {"classifier": ([5, 4, 4, 3], "tanh", "linear", "ce", 0.3, True, 1),
             "strong": ([4, 5, 3], "tanh", "linear", "ce", 0.2, False, 2),
             "regression": ([3, 4, 3, 2], "tanh", "sigmoid", "mse", 0.5, False, 3)}
    theory = {name: {settings: {rule: Theory(Net(*case), rule, settings).found() for rule in RULES} for settings in SETTINGS}
              for name, case in cases.items()}
    path = pathlib.Path(__file__).with_name("theory.json")
    path.write_text(json.dumps({"settings": SETTINGS, "energy": ENERGY, "networks": theory}, separators=(",", ":")) + "\n")
