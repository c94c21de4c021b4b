#!/usr/bin/env python3
"""What the probes of the theory should find for the networks of ../dfc, in theory.json beside this file.

An independent NumPy program, written from Meulemans et al. 2021. Where the engine reduces a problem, this program does not: its stability
matrices and its Euler step hold every unit of the network, its Jacobians of the weights every weight. The update that is measured is that of
the analytic steady state (DFC-SSA) in the authors' convention.
"""
import json
import pathlib

import numpy as np

HERE = pathlib.Path(__file__).parent
CASES = ["p1_5-7-6-3_tanh-linear_bias_mse", "p2_4-5-5-5-2_alltanh_nobias_mse", "p3_6-8-5-4_tanh-linear_bias_ce",
         "p5_6-5-3-5-6_tanh-lin-tanh_bias_mse_slowapical", "q4_single_layer"]
DAMPING = 0.1
PHI = {"linear": lambda v: v, "tanh": np.tanh, "sigmoid": lambda v: 1 / (1 + np.exp(-v))}
SLOPE = {"linear": np.ones_like, "tanh": lambda v: 1 - np.tanh(v) ** 2, "sigmoid": lambda v: PHI["sigmoid"](v) * (1 - PHI["sigmoid"](v))}


def degrees(a, b):
    a, b = a.ravel() / np.linalg.norm(a), b.ravel() / np.linalg.norm(b)
    # atan2 keeps the digits of small angles
    return float(np.degrees(2 * np.arctan2(np.linalg.norm(a - b), np.linalg.norm(a + b))))


def ratio(a, b):
    return float(np.linalg.norm(a) / np.linalg.norm(b))


class Case:
    def __init__(self, name):
        d = json.loads((HERE.parent / "dfc" / f"{name}.json").read_text())
        self.h = d["hyper"]
        self.W = [np.array(w) for w in d["W"]]
        self.Q = [np.array(q) for q in d["Q"]]
        self.L, self.n = len(self.W), [len(w) for w in self.W]
        self.bias = d["b"] is not None
        self.b = [np.array(b) for b in d["b"]] if self.bias else [np.zeros(k) for k in self.n]
        self.x, self.y = np.array(d["x"]), np.array(d["y"])
        self.B = len(self.x)
        act = self.h["act"]
        self.act = (list(act) if isinstance(act, list) else [act] * (self.L - 1)) + [self.h["out_act"]]
        self.samples = [self.sample(k) for k in range(self.B)]

    def sample(self, k):
        r, v = [self.x[k]], []
        for W, b, a in zip(self.W, self.b, self.act):
            v.append(W @ r[-1] + b)
            r.append(PHI[a](v[-1]))
        if self.h["loss"] == "ce":
            p = np.exp(r[-1] - r[-1].max())
            e = p / p.sum() - np.eye(len(p))[self.y[k]]
        else:
            e = 2 * (r[-1] - self.y[k]) / len(r[-1])
        return {"v": v, "r": r, "e": e}

    def jacobian(self, v):
        blocks = [np.diag(SLOPE[self.act[-1]](v[-1]))]
        for i in reversed(range(self.L - 1)):
            blocks.insert(0, blocks[0] @ self.W[i + 1] * SLOPE[self.act[i]](v[i]))
        return blocks

    def analytic(self, s):
        """DFC-SSA: update of one sample, and the voltages of its controlled sweep."""
        J, Q = np.hstack(self.jacobian(s["v"])), np.vstack(self.Q)
        u = np.linalg.solve(J @ Q + self.h["alpha"] * np.eye(len(J)), -self.h["lam"] / self.B * s["e"])
        r, W, b, v = s["r"][0], [], [], []
        for i in range(self.L):
            ff = self.W[i] @ r + self.b[i]
            v.append(ff + self.Q[i] @ u)
            d = 2 * (PHI[self.act[i]](v[-1]) - PHI[self.act[i]](ff))
            W.append(np.outer(d, r))
            b.append(d)
            r = PHI[self.act[i]](v[-1])
        return W, b, v, u

    def weights_jacobian(self, s):
        J = self.jacobian(s["v"])
        columns = []
        for i in range(self.L):
            columns.append(np.einsum("oj,k->ojk", J[i], s["r"][i]).reshape(len(s["e"]), -1))
            if self.bias:
                columns.append(J[i])
        return np.hstack(columns)

    def flat(self, W, b):
        parts = []
        for i in range(self.L):
            parts.append(W[i].ravel())
            if self.bias:
                parts.append(b[i])
        return np.concatenate(parts)

    def split(self, flat):
        W, b, at = [], [], 0
        for w in self.W:
            W.append(flat[at:at + w.size].reshape(w.shape))
            at += w.size
            b.append(flat[at:at + len(w)] if self.bias else np.zeros(len(w)))
            at += len(w) if self.bias else 0
        return W, b

    def from_signals(self, signals):
        """The update −mean x rᵀ of voltage signals, one list of layers per sample."""
        W = [-sum(np.outer(x[i], s["r"][i]) for x, s in zip(signals, self.samples)) / self.B for i in range(self.L)]
        b = [-sum(x[i] for x in signals) / self.B for i in range(self.L)]
        return W, b

    def voltages(self, x):
        return np.split(x, np.cumsum(self.n)[:-1])

    def references(self):
        def damped_inverse(J, g):
            return np.linalg.pinv(J) if g == 0 else J.T @ np.linalg.inv(J @ J.T + g * np.eye(len(J)))

        def gauss_newton(g):
            return self.split(-sum(damped_inverse(self.weights_jacobian(s), g) @ s["e"] for s in self.samples) / self.B)

        def minimum_norm(g):
            return [self.voltages(damped_inverse(np.hstack(self.jacobian(s["v"])), g) @ s["e"]) for s in self.samples]

        official = [[PHI[a](v + x) - PHI[a](v) for a, v, x in zip(self.act, s["v"], signals)]
                    for s, signals in zip(self.samples, minimum_norm(0))]
        stacked = np.vstack([self.weights_jacobian(s) for s in self.samples])
        joint = -damped_inverse(stacked, DAMPING) @ np.concatenate([s["e"] for s in self.samples])
        return {"gn": gauss_newton(0), "gn-damped": gauss_newton(DAMPING), "gn-joint": self.split(joint),
                "mn": self.from_signals(minimum_norm(0)), "mn-damped": self.from_signals(minimum_norm(DAMPING)),
                "mn-official": self.from_signals(official)}, stacked

    def hat(self, v):
        N, at = sum(self.n), np.concatenate([[0], np.cumsum(self.n)])
        hat = np.zeros((N, N))
        for i in range(1, self.L):
            hat[at[i]:at[i + 1], at[i - 1]:at[i]] = self.W[i] * SLOPE[self.act[i - 1]](v[i - 1])
        return hat

    def eigenvalues(self, v):
        h, n, N = self.h, self.n[-1], sum(self.n)
        alpha, k_p, tau = h["alpha"], h["k_p"], h["tcr"]
        J, Q, I = np.hstack(self.jacobian(v)), np.vstack(self.Q), np.eye(n)
        J0 = np.zeros_like(J)
        J0[:, -n:] = J[:, -n:]
        a = (np.eye(N) - self.hat(v)) / tau
        return {
            "A~_I": np.block([[-a, Q / tau], [-J0, -alpha * I]]),
            "A_I": np.block([[-a, a @ Q], [-J, -alpha * I]]),
            "A_inst": -(J @ Q + alpha * I),
            "A_PI": np.block([[-a, a @ Q], [-J + k_p / tau * J0, -(alpha * I + k_p / tau * J[:, -n:] @ self.Q[-1])]]),
            # of v and u_int, whose leak is on u_int alone
            "A_PI paper": np.block([[-a - k_p / tau * Q @ J0, Q / tau], [-J0, -alpha * I]]),
        }

    def euler(self, v, inst, proactive, tau_a):
        """One Euler step as a matrix on (v, apical, u_int, u), every unit a state."""
        h, n, N = self.h, self.n[-1], sum(self.n)
        dt, at = h["dt"], np.concatenate([[0], np.cumsum(self.n)])
        k_v, k_a = dt / max(h["tcr"], dt), dt / max(tau_a, dt)
        hat, slope_L = self.hat(v), SLOPE[self.act[-1]](v[-1])

        def step(s):
            d, f, u_int, u = s[:N].copy(), s[N:2 * N], s[2 * N:2 * N + n], s[2 * N + n:]
            e = -slope_L * d[-n:]
            new_int = u_int + dt * (e - h["alpha"] * u)
            new_u = new_int + h["k_p"] * e
            f = f + k_a * (np.vstack(self.Q) @ (new_u if proactive else u) - f)
            old = d.copy()
            for i in range(self.L):
                own = slice(at[i], at[i + 1])
                basal = hat[own] @ (d if inst else old)
                d[own] = old[own] + k_v * (f[own] + basal - old[own])
            return np.concatenate([d, f, new_int, new_u])

        size = 2 * N + 2 * n
        return np.stack([step(column) for column in np.eye(size)], axis=1)

    def measure(self):
        h, found = self.h, {}
        proposals = [self.analytic(s) for s in self.samples]
        W = [sum(p[0][i] for p in proposals) / self.B for i in range(self.L)]
        b = [sum(p[1][i] for p in proposals) / self.B for i in range(self.L)]
        lengths = np.array([[np.linalg.norm(r) for r in s["r"][:-1]] for s in self.samples])
        found["condition-1"] = {"network": float((lengths.std(1) / lengths.mean(1)).mean())}
        found["condition-1-official"] = {"network": float(np.sqrt(lengths.var(1) / lengths.mean(1)).mean())}

        Q, first = np.vstack(self.Q), np.concatenate([[0], np.cumsum(self.n)])
        shares, angles = [], {"transpose": [], "inverse": [], "damped": []}
        for s in self.samples:
            J = np.hstack(self.jacobian(s["v"]))
            _, sv, rows = np.linalg.svd(J, full_matrices=False)
            rows = rows[sv > 1e-12 * sv[0]]
            shares.append(np.linalg.norm(rows @ Q) / np.linalg.norm(Q))
            others = {"transpose": J.T, "inverse": np.linalg.pinv(J), "damped": J.T @ np.linalg.inv(J @ J.T + DAMPING * np.eye(len(J)))}
            for name, other in others.items():
                angles[name].append([degrees(Q, other)] + [degrees(Q[f:t], other[f:t]) for f, t in zip(first, first[1:])])
        found["condition-2"] = {"network": float(np.mean(shares)), "smallest": float(np.min(shares))}
        layers = ["network"] + [f"layer {i + 1}" for i in range(self.L)]
        for name, list_ in angles.items():
            found[f"feedback-angle-{name}"] = dict(zip(layers, np.mean(list_, 0).tolist()))

        # what feedback adds to the soma beside the feedforward drive; the authors' code multiplies by W in place of its transpose
        ratios, official = [], []
        for s in self.samples:
            v, u = self.analytic(s)[2:]
            r = [s["r"][0]] + [PHI[a](x) for a, x in zip(self.act, v)]
            fed = [np.linalg.norm(q @ u) for q in self.Q]
            driven = [np.linalg.norm(w @ x) for w, x in zip(self.W, r)]
            ratios.append([np.linalg.norm(fed) / np.linalg.norm(driven)] + [f / d for f, d in zip(fed, driven)])
            official.append([fed[0] / driven[0]] + [f / np.linalg.norm(x @ w) for f, w, x in list(zip(fed, self.W, r))[1:] if len(w) == len(x)])
        square = [1] + [i + 1 for i in range(1, self.L) if self.W[i].shape[0] == self.W[i].shape[1]]
        found["feedback-ratio"] = dict(zip(layers, np.mean(ratios, 0).tolist()))
        found["feedback-ratio-official"] = dict(zip([f"layer {i}" for i in square], np.mean(official, 0).tolist()))

        references, stacked = self.references()
        own = self.flat(W, b)
        for name, (rW, rb) in references.items():
            pairs = [(own, self.flat(rW, rb))] + list(zip(W, rW))
            found[f"update-angle-{name}"] = dict(zip(layers, [degrees(p, q) for p, q in pairs]))
            found[f"update-length-{name}"] = dict(zip(layers, [ratio(p, q) for p, q in pairs]))
        silent = own - np.linalg.pinv(stacked, rcond=1e-7) @ (stacked @ own)
        found["null-space"] = {"network": ratio(silent, own)}

        def worst(matrices):
            return float(max(np.linalg.eigvals(m).real.max() for m in matrices))

        at = {"stability": [s["v"] for s in self.samples], "stability-controlled": [p[2] for p in proposals]}
        tau_a = h.get("tau_a", h["dt"])
        for name, states in at.items():
            matrices = [self.eigenvalues(v) for v in states]
            radii = [np.abs(np.linalg.eigvals(self.euler(v, h["inst"], h["proactive"], tau_a))).max() for v in states]
            found[name] = {key: worst([m[key] for m in matrices]) for key in ("A_PI", "A_inst", "A_PI paper")}
            found[name]["Euler step"] = float(np.log(max(radii)) / h["dt"])
            found[name.replace("stability", "stability-integral")] = {key: worst([m[key] for m in matrices]) for key in ("A~_I", "A_I")}
        margins = [-self_inst for self_inst in (worst([self.eigenvalues(v)["A_inst"]]) for v in at["stability-controlled"])]
        found["condition-3"] = {"network": min(margins), "share": float(np.mean(np.array(margins) > 0))}
        found["spectral radii"] = {
            f"{'instantaneous' if inst else 'delayed'}, {'proactive' if pro else 'late'}, tau_a {t:g}":
                [float(np.abs(np.linalg.eigvals(self.euler(v, inst, pro, t))).max()) for v in at["stability"]]
            for inst in (True, False) for pro in (True, False) for t in (h["dt"], 3 * h["dt"])}
        return found


def main():
    found = {name: Case(name).measure() for name in CASES}
    (HERE / "theory.json").write_text(json.dumps(found, indent=1) + "\n")


main()
