#!/usr/bin/env python3
"""Reference files in the format of the authors' ones, for networks that those leave out.

An independent NumPy program, written from the equations of Meulemans et al. 2021 and the conventions of the authors' code. It shares
nothing with the engine, and reproduces the authors' files: `make_reference.py check FILE…` says how closely. `make_reference.py write`
writes the q*.json beside it again.
"""
import json
import pathlib
import sys

import numpy as np

HERE = pathlib.Path(__file__).parent

PHI = {
    "linear": lambda v: v,
    "relu": lambda v: np.maximum(v, 0),
    "leakyrelu": lambda v: np.where(v >= 0, v, 0.2 * v),
    "tanh": np.tanh,
    "sigmoid": lambda v: 1 / (1 + np.exp(-v)),
}
SLOPE = {
    "linear": np.ones_like,
    "relu": lambda v: np.where(v >= 0, 1.0, 0.0),
    "leakyrelu": lambda v: np.where(v >= 0, 1.0, 0.2),
    "tanh": lambda v: 1 - np.tanh(v) ** 2,
    "sigmoid": lambda v: PHI["sigmoid"](v) * (1 - PHI["sigmoid"](v)),
}


UPDATES = [f"{variant}|nonlinear_difference|{mask}" for variant in ("DFC", "DFC_efficient", "DFC-SS", "DFC-SS_efficient")
           for mask in ("all_samples", "only_converged")]
UPDATES += ["DFC-SSA|nonlinear_difference|all_samples", "DFC|voltage_difference|only_converged",
            "DFC_efficient|derivative_matrix|only_converged", "DFC-SS|derivative_matrix|all_samples"]


class Net:
    def __init__(self, file):
        self.h = file["hyper"]
        self.W = [np.array(w) for w in file["W"]]
        self.Q = [np.array(q) for q in file["Q"]]
        self.L = len(self.W)
        self.bias = file["b"] is not None
        self.b = [np.array(b) for b in file["b"]] if self.bias else [np.zeros(len(w)) for w in self.W]
        self.x = np.array(file["x"])
        self.y = np.array(file["y"])
        self.B = len(self.x)
        act = self.h["act"]
        names = (list(act) if isinstance(act, list) else [act] * (self.L - 1)) + [self.h["out_act"]]
        self.phi = [PHI[n] for n in names]
        self.slope = [SLOPE[n] for n in names]
        self.forward()

    def forward(self):
        self.v, self.r = [], [self.x]
        for i in range(self.L):
            self.v.append(self.r[-1] @ self.W[i].T + self.b[i])
            self.r.append(self.phi[i](self.v[i]))
        out = self.r[-1]
        if self.h["loss"] == "ce":
            p = np.exp(out - out.max(1, keepdims=True))
            p /= p.sum(1, keepdims=True)
            self.loss = -np.log(p[np.arange(self.B), self.y]).mean()
            p[np.arange(self.B), self.y] -= 1
            self.dloss = p / self.B
        else:
            self.loss = ((out - self.y) ** 2).mean()
            self.dloss = 2 * (out - self.y) / out.size
        self.target = out - self.h["lam"] * self.dloss

    def backprop(self):
        delta = self.dloss * self.slope[-1](self.v[-1])
        W, b = [], []
        for i in reversed(range(self.L)):
            W.insert(0, delta.T @ self.r[i])
            b.insert(0, delta.sum(0))
            if i:
                delta = (delta @ self.W[i]) * self.slope[i - 1](self.v[i - 1])
        return W, b

    def jacobian(self):
        J = [np.einsum("bi,ij->bij", self.slope[-1](self.v[-1]), np.eye(len(self.W[-1])))]
        for i in reversed(range(self.L - 1)):
            J.insert(0, (J[0] @ self.W[i + 1]) * self.slope[i](self.v[i])[:, None, :])
        return np.concatenate(J, 2)

    def gauss_newton(self, damping):
        """Per sample with the explicit Jacobian by all weights and biases, then the mean over the batch."""
        J = self.jacobian()
        W, b = [np.zeros_like(w) for w in self.W], [np.zeros_like(c) for c in self.b]
        first = np.cumsum([0] + [len(w) for w in self.W])
        for s in range(self.B):
            parts = []
            for i in range(self.L):
                Ji = J[s][:, first[i]:first[i + 1]]
                parts.append(np.einsum("oj,k->ojk", Ji, self.r[i][s]).reshape(len(Ji), -1))
                if self.bias:
                    parts.append(Ji)
            JW = np.concatenate(parts, 1)
            step, at = damped_inverse(JW, damping) @ self.dloss[s], 0
            for i in range(self.L):
                W[i] += step[at:at + W[i].size].reshape(W[i].shape) / self.B
                at += W[i].size
                if self.bias:
                    b[i] += step[at:at + len(b[i])] / self.B
                    at += len(b[i])
        return W, b

    def minimum_norm(self, damping, form):
        """The nonlinear form as in the authors' code: on the side of v⁻ to which the gradient points."""
        dv = np.stack([damped_inverse(j, damping) @ d for j, d in zip(self.jacobian(), self.dloss)])
        W, b, at = [], [], 0
        for i in range(self.L):
            d = dv[:, at:at + len(self.W[i])]
            at += len(self.W[i])
            if form == "nonlinear":
                d = self.phi[i](self.v[i] + d) - self.phi[i](self.v[i])
            W.append(d.T @ self.r[i] / self.B)
            b.append(d.sum(0) / self.B)
        return W, b

    def simulate(self, target, T, dt, tau_v, tau_a, alpha, k_p, inst, proactive, noise=None, sigma=0.0, sigma_out=0.0):
        """Every state: dicts of u, and per layer apical, basal, soma, r."""
        tau_v, tau_a = max(tau_v, dt), max(tau_a, dt)
        u = np.zeros_like(target)
        u_int = np.zeros_like(target)
        va = [np.zeros_like(v) for v in self.v]
        vs = [v.copy() for v in self.v]
        vb = [v.copy() for v in self.v]
        r = [q.copy() for q in self.r]
        states = [dict(u=u, va=va, vb=vb, vs=vs, r=r[1:])]
        for t in range(T - 1):
            e = target - r[-1]
            if k_p > 0:
                u_int = u_int + dt * (e - alpha * u)
                u_new = u_int + k_p * e
            else:
                u_new = u + dt * (e - alpha * u)
            control = u_new if proactive else u
            before, r = r, [self.x]
            va, vb, vs = list(va), list(vb), list(vs)
            for i in range(self.L):
                vb[i] = (r[i] if inst else before[i]) @ self.W[i].T + self.b[i]
                va[i] = va[i] + dt / tau_a * (control @ self.Q[i].T - va[i])
                if noise is not None:
                    s = sigma_out if i == self.L - 1 else sigma
                    va[i] = va[i] + s * np.sqrt(dt) / tau_a * noise[t][i]
                vs[i] = vs[i] + dt / tau_v * (va[i] + vb[i] - vs[i])
                r.append(self.phi[i](vs[i]))
            u = u_new
            states.append(dict(u=u, va=va, vb=vb, vs=vs, r=r[1:]))
        return states

    def flags(self, state, first_error):
        out = state["r"][-1]
        rel = np.linalg.norm(out - (self.target - self.h["alpha"] * state["u"]), axis=1) / np.linalg.norm(self.r[-1], axis=1)
        error = np.linalg.norm(self.target - out, axis=1)
        return (rel < 1e-5) & (error < 0.25 * first_error), rel > 1, error

    def wake(self, **other):
        h = self.h
        keys = dict(T=h["T"], dt=h["dt"], tau_v=h["tcr"], tau_a=h.get("tau_a", h["dt"]), alpha=h["alpha"], k_p=h["k_p"],
                    inst=h["inst"], proactive=h["proactive"])
        return self.simulate(self.target, **(keys | other))

    def local_gradient(self, rule, dv, r_prev, i):
        """From the difference of soma and basal, with the basal voltage formed anew."""
        if rule == "voltage_difference":
            d = dv
        elif rule == "derivative_matrix":
            d = self.slope[i](self.v[i]) * dv
        else:
            basal = r_prev @ self.W[i].T + self.b[i]
            d = self.phi[i](basal + dv) - self.phi[i](basal)
        return -2 / self.B * d.T @ r_prev, -2 / self.B * d.sum(0)

    def update(self, variant, rule, mask):
        everyone = mask == "all_samples"
        zero = [np.zeros_like(w) for w in self.W], [np.zeros_like(b) for b in self.b]
        if variant == "DFC-SSA":
            dv, r = self.solve()[3], [self.x]
            for i in range(self.L):
                r.append(self.phi[i](r[i] @ self.W[i].T + self.b[i] + dv[i]))
            return self.collect(lambda i: self.local_gradient(rule, dv[i], r[i], i)), None
        states = self.wake()
        # the streaming controller compares with the output of the first sample, unless transmission is delayed
        base = self.r[-1][0] if variant.endswith("efficient") and self.h["inst"] else self.r[-1]
        first = np.linalg.norm(self.target - base, axis=1)
        counts = np.zeros(3, int)

        def count(state):
            converged, diverged, _ = self.flags(state, first)
            counts[:] += converged.sum(), diverged.sum(), self.B - converged.sum() - diverged.sum()
            return converged, diverged

        if variant == "DFC_efficient":
            gW, gb = zero
            for state in states[1:]:
                _, diverged = count(state)
                keep = np.ones(self.B) if everyone else 1.0 - diverged
                for i in range(self.L):
                    w, b = self.local_gradient(rule, keep[:, None] * (state["vs"][i] - state["vb"][i]), ([self.x] + state["r"])[i], i)
                    gW[i] += w / (len(states) - 1)
                    gb[i] += b / (len(states) - 1)
            count(states[-1])
            return (gW, gb), counts
        converged, _ = count(states[-1])
        keep = (np.ones(self.B) if everyone else converged * 1.0)[:, None]
        if variant.startswith("DFC-SS"):
            last = states[-1]
            return self.collect(lambda i: self.local_gradient(
                rule, keep * (last["vs"][i] - last["vb"][i]), keep * ([self.x] + last["r"])[i] + (1 - keep) * self.r[i], i)), counts
        gW, gb = zero
        for state in states:
            for i in range(self.L):
                if rule == "nonlinear_difference":
                    d = self.phi[i](state["vs"][i]) - self.phi[i](state["vb"][i])
                else:
                    d = state["vs"][i] - state["vb"][i]
                    if rule == "derivative_matrix":
                        d = self.slope[i](self.v[i]) * d
                d = keep * d
                gW[i] += -2 / self.B / len(states) * d.T @ ([self.x] + state["r"])[i]
                gb[i] += -2 / self.B / len(states) * d.sum(0)
        return (gW, gb), counts

    def collect(self, gradient):
        pairs = [gradient(i) for i in range(self.L)]
        return [w for w, _ in pairs], [b for _, b in pairs]

    def solve(self):
        Q = np.concatenate(self.Q)
        J = self.jacobian()
        u = np.stack([np.linalg.solve(j @ Q + self.h["alpha"] * np.eye(len(j)), d) for j, d in zip(J, self.target - self.r[-1])])
        dv = [u @ q.T for q in self.Q]
        v, r = [], [self.x]
        for i in range(self.L):
            v.append(r[i] @ self.W[i].T + self.b[i] + dv[i])
            r.append(self.phi[i](v[i]))
        return u, v, r[1:], dv


def damped_inverse(J, damping):
    return J.T @ np.linalg.inv(J @ J.T + damping * np.eye(len(J))) if damping > 0 else np.linalg.pinv(J, 1e-15)


def clip(tensors, norm):
    size = np.sqrt(sum((t ** 2).sum() for t in tensors))
    return [t * min(1, norm / (size + 1e-6)) for t in tensors]


def adam(values, gradients, memory, t, lr, eps, decay=0.0, beta=0.99):
    out = []
    for k, (w, g) in enumerate(zip(values, gradients)):
        g = g + decay * w
        m, v = memory.get(k, (0.0, 0.0))
        m, v = beta * m + (1 - beta) * g, beta * v + (1 - beta) * g * g
        memory[k] = m, v
        out.append(w - lr / (1 - beta ** t) * m / (np.sqrt(v) / np.sqrt(1 - beta ** t) + eps))
    return out


def angle(a, b):
    a, b = (np.concatenate([t.ravel() for t in ts]) for ts in (a, b))
    lengths = np.linalg.norm(a), np.linalg.norm(b)
    if not all(lengths):
        return None
    a, b = a / lengths[0], b / lengths[1]
    # an arc cosine would make 1e-6 degrees of the rounding of parallel updates
    return float(np.degrees(2 * np.arctan2(np.linalg.norm(a - b), np.linalg.norm(a + b))))


def interleaved(net, W, b):
    return [t for pair in zip(W, b) for t in pair] if net.bias else list(W)


def results(file):
    """Every field that the engine computes."""
    net, h, out = Net(file), file["hyper"], {}
    params = lambda W, b: {"W": W, "b": b if net.bias else None}
    out["ff"] = {"v": net.v, "r": net.r[1:], "loss": net.loss}
    out["dloss_dout"], out["output_target"] = net.dloss, net.target
    bp = net.backprop()
    out["bp_gradient"] = params(*bp)
    out["J_full"] = net.jacobian()
    dampings = file.get("gn_update", {"0.0": 0, "0.1": 0})
    out["gn_update"] = {k: params(*net.gauss_newton(float(k))) for k in dampings}
    out["mn_update_damping0"] = {k: params(*net.minimum_norm(0, k)) for k in ("linear", "nonlinear")}
    others = {"bp": bp, "gn_damping0": net.gauss_newton(0), "gn_damping0.1": net.gauss_newton(0.1),
              "mn_linear": net.minimum_norm(0, "linear"), "mn_nonlinear": net.minimum_norm(0, "nonlinear")}

    out["controller"] = {}
    for name, k_p, inst, proactive in [("inst_nonproactive", h["k_p"], True, False), ("inst_proactive", h["k_p"], True, True),
                                       ("noninst_nonproactive_blockwise", h["k_p"], False, False),
                                       ("inst_proactive_kp0", 0.0, True, True)]:
        kept = file.get("controller", {}).get(name, {}).get("steps_kept", h.get("keep"))
        states = net.wake(k_p=k_p, inst=inst, proactive=proactive)
        last = states[-1]
        converged, diverged, error = net.flags(last, np.linalg.norm(net.target - net.r[-1], axis=1))
        mode = {"k_p": k_p, "inst_transmission": inst, "proactive": proactive, "steps_kept": kept,
                "u": [s["u"] for s in states[:kept]], "r_L": [s["r"][-1] for s in states[:kept]],
                "final": {"u": last["u"], "r": last["r"], "v_soma": last["vs"], "v_basal": last["vb"], "v_apical": last["va"],
                          "error_norm": error},
                "converged": converged, "diverged": diverged}
        if name == "inst_nonproactive":
            layers = lambda key: [[s[key][i] for s in states[:4]] for i in range(net.L)]
            mode["first_steps_all_layers"] = {"t": [0, 1, 2, 3], "v_soma": layers("vs"), "v_basal": layers("vb"), "v_apical": layers("va")}
        out["controller"][name] = mode
    out["ssa_steady_state"] = dict(zip(("u", "v", "r", "delta_v"), net.solve()))

    out["forward_updates"] = {}
    for key in file.get("forward_updates", UPDATES):
        (W, b), counts = net.update(*key.split("|"))
        out["forward_updates"][key] = {
            "grad": params(W, b), "n_converged_diverged_neither": counts,
            "angle_deg_total": {k: angle(interleaved(net, W, b), interleaved(net, *other)) for k, other in others.items()},
            "angle_deg_bp_per_layer_W": [angle([a], [c]) for a, c in zip(W, bp[0])]}

    now, memory = Net(file), {}
    for t in (1, 2):
        now.forward()
        W, b = now.update("DFC-SS", "nonlinear_difference", "all_samples")[0]
        each = [clip([g], h["clip"])[0] for g in interleaved(now, W, b)]
        if t == 1:
            out["adam_forward"] = {"clip_max_norm_per_tensor": h["clip"], "lr": h["lr"], "beta1": 0.99, "beta2": 0.99, "eps": h["eps"],
                                   "clipped_grad": split(now, each)}
        moved = split(now, adam(interleaved(now, now.W, now.b), each, memory, t, h["lr"], h["eps"]))
        now.W = moved["W"]
        now.b = moved["b"] if now.bias else now.b
        out["adam_forward"][f"params_after_step{t}"] = moved

    noise = [[np.array(layer) for layer in step] for step in file["feedback_learning"]["noise"]]
    states = net.simulate(net.r[-1], h["T_fb"], h["dt_fb"], h["tcr_fb"], h["tau_a_fb"], h["alpha_fb"], h["k_p_fb"], h["inst_fb"], False,
                          noise, h["sigma"], h["sigma_out"])
    scale = 1 / max(h["sigma"], 0.01) ** 2 / (len(states) - 1) / net.B
    grad = [scale * sum(a["va"][i].T @ b["u"] for a, b in zip(states, states[1:])) for i in range(net.L)]
    joint = clip(grad, h["clip_fb"])
    out["feedback_learning"] = {
        "noise": file["feedback_learning"]["noise"], "grad_Q": grad, "u": [s["u"] for s in states], "v_apical_final": states[-1]["va"],
        "r_L": [s["r"][-1] for s in states], "v_soma_final": states[-1]["vs"], "grad_Q_clipped_joint": joint, "clip_fb": h["clip_fb"],
        "Q_after_adam_step": adam(net.Q, joint, {}, 1, h["lr_fb"], h["eps_fb"], h["wd_fb"]),
        "adam_fb": {"lr": h["lr_fb"], "weight_decay": h["wd_fb"], "eps": h["eps_fb"], "beta1": 0.99, "beta2": 0.99}}

    if "dfa" in file:
        G = [np.array(g) for g in file["dfa"]["feedback_weights"]]
        W, b = [], []
        for i in range(net.L):
            back = net.dloss @ G[i].T if i < net.L - 1 else net.dloss
            delta = 2 * h["lam"] / net.B * net.slope[i](net.v[i]) * back
            W += clip([delta.T @ net.r[i]], 1)
            b += clip([delta.sum(0)], 1)
        out["dfa"] = {"feedback_weights": file["dfa"]["feedback_weights"], "grad": params(W, b)}
    return out


def split(net, tensors):
    return {"W": tensors[::2], "b": tensors[1::2]} if net.bias else {"W": tensors, "b": None}


def plain(value):
    if isinstance(value, dict):
        return {k: plain(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(v) for v in value]
    if isinstance(value, np.ndarray):
        return plain(value.tolist())
    if isinstance(value, (float, np.floating)):
        return float(f"{value:.15g}")
    return value


def deviation(ours, theirs, path=""):
    """Largest relative deviation of the fields that both have."""
    if isinstance(theirs, dict):
        if "grad_identical_to" in theirs or theirs.get("grad", 0) is None:
            theirs = {k: v for k, v in theirs.items() if k != "grad"}
        return max([deviation(ours[k], theirs[k], f"{path}.{k}") for k in theirs if k in ours], default=0.0)
    if theirs is None or isinstance(theirs, str):
        return 0.0 if ours is None or isinstance(theirs, str) else np.inf
    try:
        a, b = np.array(ours, float), np.array(theirs, float)
    except ValueError:
        return max([deviation(a, b, path) for a, b in zip(ours, theirs)], default=0.0)
    return float(np.abs(a - b).max() / max(np.abs(b).max(), 1e-13))


def case(name, seed, sizes, act, out_act="linear", bias=True, loss="mse", B=4, gain=1.5, spread=0.1, **hyper):
    rng = np.random.default_rng(seed)
    L = len(sizes) - 1
    normal = lambda *shape: rng.standard_normal(shape)
    W = [gain * np.sqrt(2 / (a + b)) * normal(b, a) for a, b in zip(sizes, sizes[1:])]
    Q = [np.eye(sizes[-1])]
    for w in reversed(W[1:]):
        Q.insert(0, w.T @ Q[0])
    Q = [q + spread * normal(*q.shape) if i < L - 1 else q for i, q in enumerate(Q)]
    h = dict(B=B, act=act, out_act=out_act, bias=bias, loss=loss, alpha=0.01, dt=0.02, tcr=0.2, T=60, k_p=2.0, inst=True, inst_fb=True,
             proactive=True, alpha_fb=0.6, dt_fb=0.002, T_fb=9, k_p_fb=0.15, tcr_fb=0.006, tau_a_fb=0.3, sigma=0.05, sigma_out=0.02, lam=0.1,
             clip=0.05, clip_fb=1.0, lr=0.001, eps=9e-8, lr_fb=0.0005, eps_fb=1.5e-6, wd_fb=0.001, keep=6) | hyper
    h |= dict(name=name, seed=seed, sizes=sizes)
    file = {"name": name, "how": "Computed by make_reference.py, a NumPy program.", "hyper": h, "W": W,
            "b": [0.3 * normal(n) for n in sizes[1:]] if bias else None, "Q": Q, "x": normal(B, sizes[0]),
            "y": rng.integers(0, sizes[-1], B) if loss == "ce" else normal(B, sizes[-1]),
            "feedback_learning": {"noise": [[normal(B, n) for n in sizes[1:]] for _ in range(h["T_fb"] - 1)]}}
    if out_act == "linear" and L > 1:
        file["dfa"] = {"feedback_weights": [np.sqrt(2 / (n + sizes[-1])) * normal(n, sizes[-1]) for n in sizes[1:-1]]}
    file = plain(file)
    file.update(plain(results(file)))
    return file


CASES = [
    # one hidden layer, every transmission delayed, more samples than a tile of the engine holds
    lambda: case("q1_delayed_one_hidden", 21, [3, 7, 2], "leakyrelu", out_act="tanh", bias=False, B=17, inst=False, inst_fb=False, keep=5, T_fb=5),
    # layers wider than a panel, classes, slow apical compartment
    lambda: case("q2_wide_sigmoid_ce", 22, [5, 18, 17, 3], ["sigmoid", "relu"], loss="ce", B=2, tau_a=0.05, proactive=False, keep=5, T_fb=4),
    # feedback that fights the output: samples diverge, some only for a time
    lambda: case("q3_divergent", 40, [4, 6, 5, 3], "tanh", B=5, spread=2.5, lam=1.0, T=160, dt=0.05, sigma=0.004),
    # no hidden layer, one output, one sample
    lambda: case("q4_single_layer", 24, [4, 1], "tanh", out_act="sigmoid", B=1, k_p=0.0),
    # output units that are silent: the Jacobian has rows of zeros, and the pseudo-inverse leaves them out
    lambda: case("q6_silent_outputs", 28, [4, 5, 6, 4], ["leakyrelu", "linear"], out_act="relu", B=3, T=30, keep=3, T_fb=3),
    # strong leak, very small nudge: settled from the start
    lambda: case("q5_small_nudge", 25, [3, 4, 4, 2], "tanh", bias=True, B=3, lam=1e-7, alpha=0.5, T=200),
]

if __name__ == "__main__":
    if sys.argv[1:] == ["write"]:
        for make in CASES:
            made = make()
            (HERE / f"{made['name']}.json").write_text(json.dumps(made, allow_nan=False) + "\n")
            print(made["name"])
    elif sys.argv[1:2] == ["check"]:
        for path in sys.argv[2:]:
            theirs = json.loads(pathlib.Path(path).read_text())
            print(f"{path}: {deviation(plain(results(theirs)), theirs):.1e}")
    else:
        sys.exit(__doc__)
