#!/usr/bin/env python3
"""Reference files of strong feedback in the format of the authors' one, for networks that it leaves out.

An independent NumPy program, written from the equations of Meulemans et al. 2022 and the conventions of the authors' code. It shares
nothing with the engine, and reproduces the authors' file: `make_strong_reference.py check FILE…` says how closely.
`make_strong_reference.py write` writes the r*.json beside it again.
"""
import json
import pathlib
import sys

import numpy as np

from make_reference import HERE, PHI, deviation, plain


def softmax(z):
    e = np.exp(z - z.max(1, keepdims=True))
    return e / e.sum(1, keepdims=True)


class Net:
    def __init__(self, file):
        self.h = h = file["hyper"]
        self.W, self.Q = ([np.array(m) for m in file[k]] for k in "WQ")
        self.L = len(self.W)
        self.bias = file["b"] is not None
        self.b = [np.array(b) for b in file["b"]] if self.bias else [np.zeros(len(w)) for w in self.W]
        self.x = np.array(file["x"])
        self.B = len(self.x)
        act = h.get("act", "tanh")
        names = (list(act) if isinstance(act, list) else [act] * (self.L - 1)) + [h.get("out_act", "linear")]
        self.phi = [PHI[n] for n in names]
        self.ce = h["loss"] == "ce"
        n = len(self.W[-1])
        if self.ce:
            rest = (1 - h["tcv"]) / (n - 1) if n > 1 else 0.0
            self.y = np.full((self.B, n), rest)
            self.y[np.arange(self.B), file["labels"]] = h["tcv"]
        else:
            self.y = np.array(file["target_clamped"])
        self.v, self.r = [], [self.x]
        for i in range(self.L):
            self.v.append(self.r[-1] @ self.W[i].T + self.b[i])
            self.r.append(self.phi[i](self.v[i]))

    def error(self, out):
        return self.y - (softmax(out) if self.ce else out)

    def losses(self, out):
        return -(self.y * np.log(softmax(out))).sum(1) if self.ce else ((self.y - out) ** 2).mean(1)

    def sigma(self, i, key):
        h = self.h
        wake = h.get("sigma_out", h["sigma"]) if i == self.L - 1 else h["sigma"]
        if key == "wake":
            return wake
        hidden = h.get("sigma_fb", h["sigma"])
        return h.get("sigma_out_fb", hidden) if i == self.L - 1 else hidden

    def simulate(self, T, dt, tau_v, tau_a, alpha, k_p, noise=None, kind=None, sigmas="wake"):
        proactive = self.h.get("proactive", True)
        u = np.zeros_like(self.y)
        u_int = np.zeros_like(self.y)
        va = [np.zeros_like(v) for v in self.v]
        xi = [np.zeros_like(v) for v in self.v]
        vs, vb = [v.copy() for v in self.v], [v.copy() for v in self.v]
        r = [q.copy() for q in self.r]
        states = [dict(u=u, va=va, vb=vb, vs=vs, r=r[1:])]
        k_a, k_v = dt / max(tau_a, dt), dt / max(tau_v, dt)
        for t in range(T - 1):
            e = self.error(r[-1])
            if k_p > 0:
                u_int = u_int + dt * (e - alpha * u)
                u_new = u_int + k_p * e
            else:
                u_new = u + dt * (e - alpha * u)
            control = u_new if proactive else u
            r, va, vb, vs = [self.x], list(va), list(vb), list(vs)
            for i in range(self.L):
                vb[i] = r[i] @ self.W[i].T + self.b[i]
                va[i] = va[i] + k_a * (control @ self.Q[i].T - va[i])
                if kind == "white":
                    va[i] = va[i] + self.sigma(i, sigmas) * np.sqrt(dt) / max(tau_a, dt) * noise[t][i]
                if kind == "slow":
                    tau = self.h["tau_noise"]
                    xi[i] = dt / tau / np.sqrt(dt) * noise[t][i] + (1 - dt / tau) * xi[i]
                    va[i] = va[i] + self.sigma(i, sigmas) * xi[i]
                vs[i] = vs[i] + k_v * (va[i] + vb[i] - vs[i])
                r.append(self.phi[i](vs[i]))
            u = u_new
            states.append(dict(u=u, va=va, vb=vb, vs=vs, r=r[1:]))
        return states

    def continuous(self, states):
        scale = -2 / self.B / len(states)
        gW, gb = [np.zeros_like(w) for w in self.W], [np.zeros_like(b) for b in self.b]
        for s in states:
            for i in range(self.L):
                d = self.phi[i](s["vs"][i]) - self.phi[i](s["vb"][i])
                gW[i] += scale * d.T @ ([self.x] + s["r"])[i]
                gb[i] += scale * d.sum(0)
        return gW, gb

    def last(self, state, r):
        """From the last state's difference of soma and basal, with the basal voltage formed anew from the rates r."""
        gW, gb = [], []
        for i in range(self.L):
            basal = r[i] @ self.W[i].T + self.b[i]
            d = self.phi[i](basal + state["vs"][i] - state["vb"][i]) - self.phi[i](basal)
            gW.append(-2 / self.B * d.T @ r[i])
            gb.append(-2 / self.B * d.sum(0))
        return gW, gb

    def feedback(self, states, u, tau_v, sigmas):
        grad, k = [], []
        for i in range(self.L):
            k.append((1 + tau_v / self.h["tau_noise"]) ** (self.L - 1 - i) if self.h.get("scaling_fb_updates", True) else 1.0)
            scale = k[i] / max(self.sigma(i, sigmas), 0.01) ** 2 / (len(states) - 1) / self.B
            grad.append(scale * sum(s["va"][i].T @ after for s, after in zip(states, u[1:])))
        return grad, k


def results(file):
    net, h = Net(file), file["hyper"]
    bias = lambda b: b if net.bias else None
    out = {"target_clamped": net.y, "ff": {"v": net.v, "r": net.r[1:]}, "loss": net.losses(net.r[-1]).mean()}
    kept = len(file["controller_noiseless"]["u"]) if "controller_noiseless" in file else h["keep"]
    states = net.simulate(h["T"], h["dt"], h["tcr"], 0, h["alpha"], h["k_p"])
    last = states[-1]
    out["controller_noiseless"] = {
        "u": [s["u"] for s in states[:kept]], "r_L": [s["r"][-1] for s in states[:kept]],
        "final": {"u": last["u"], "r": last["r"], "v_soma": last["vs"], "v_ff": last["vb"], "v_fb": last["va"],
                  "per_sample_loss": net.losses(last["r"][-1])}}
    out["forward_updates"] = {}
    for key, (W, b) in [("Strong-DFC-SS_2phase", net.last(last, [net.x] + last["r"])),
                        ("Strong-DFC_2phase_continuous", net.continuous(states))]:
        out["forward_updates"][key] = {"W": W, "b": bias(b)}

    out["feedback_learning_2phase"] = {}
    for name, kind in [("white_noise_slow_apical", "white"), ("low_pass_noise", "slow")]:
        noise = file["feedback_learning_2phase"][name]["noise"]
        dt, tau_v = h.get("dt_fb", h["dt"]), h.get("tcr_fb", h["tcr"])
        states = net.simulate(h["T_fb"], dt, tau_v, h.get("tau_a_fb", 0), h["alpha_fb"], h["k_p_fb"],
                              [[np.array(n) for n in step] for step in noise], kind, "sleep")
        grad, k = net.feedback(states, [s["u"] for s in states], tau_v, "sleep")
        out["feedback_learning_2phase"][name] = {"noise": noise, "grad_Q": grad, "scaling_per_layer": k}

    noise = file["single_phase"]["noise"]
    states = net.simulate(h["T_sp"], h["dt"], h["tcr"], 0, h["alpha"], h["k_p"], [[np.array(n) for n in step] for step in noise], "slow")
    a = h["dt"] / h["tau_f"]
    slow = states[1]["u"]
    fast = [np.zeros_like(slow)]
    rates = [net.x] + [r.copy() for r in net.r[1:]]
    for t, s in enumerate(states[1:]):
        slow = slow if t == 0 else a * s["u"] + (1 - a) * slow
        fast.append(s["u"] - slow)
        rates[1:] = [a * r + (1 - a) * old for r, old in zip(s["r"], rates[1:])]
    grad, _ = net.feedback(states, fast, h["tcr"], "wake")
    out["single_phase"] = {"noise": noise, "u": [s["u"] for s in states], "v_fb_final": states[-1]["va"]}
    for name, (W, b) in [("continuous", net.continuous(states)), ("steady_state", net.last(states[-1], rates))]:
        out["single_phase"][name] = {"grad_W": W, "grad_b": bias(b), "grad_Q": grad}
    return out


def case(name, seed, sizes, act=None, bias=True, loss="ce", B=4, spread=0.1, **hyper):
    rng = np.random.default_rng(seed)
    normal = lambda *shape: rng.standard_normal(shape)
    L = len(sizes) - 1
    W = [1.2 * np.sqrt(2 / (a + b)) * normal(b, a) for a, b in zip(sizes, sizes[1:])]
    Q = [np.eye(sizes[-1])]
    for w in reversed(W[1:]):
        Q.insert(0, w.T @ Q[0])
    Q = [q + spread * normal(*q.shape) if i < L - 1 else q for i, q in enumerate(Q)]
    h = dict(B=B, dt=0.01, T=120, k_p=2.0, alpha=0.001, tcr=0.05, T_fb=7, alpha_fb=0.3, k_p_fb=0.05, sigma=0.02, tau_f=0.5,
             tau_noise=0.07, T_sp=9, loss=loss, keep=6) | hyper
    if act:
        h["act"] = act
    h |= dict(name=name, seed=seed, sizes=sizes)
    noise = lambda T: [[normal(B, n) for n in sizes[1:]] for _ in range(T - 1)]
    file = {"name": name, "how": "Computed by make_strong_reference.py, a NumPy program.", "hyper": h, "W": W,
            "b": [0.3 * normal(n) for n in sizes[1:]] if bias else None, "Q": Q, "x": normal(B, sizes[0])}
    if loss == "ce":
        file["labels"] = rng.integers(0, sizes[-1], B)
    else:
        file["y"] = file["target_clamped"] = normal(B, sizes[-1])
    file["feedback_learning_2phase"] = {k: {"noise": noise(h["T_fb"])} for k in ("white_noise_slow_apical", "low_pass_noise")}
    file["single_phase"] = {"noise": noise(h["T_sp"])}
    file = plain(file)
    file.update(plain(results(file)))
    return file


CASES = [
    # squared error, no biases, no settings but the necessary ones; more samples than a tile of the engine holds
    lambda: case("r1_strong_mse_nobias", 51, [3, 4, 2], bias=False, loss="mse", B=17, T=60, T_fb=4, T_sp=4, keep=4),
    # hard labels, four layers of several kinds, a sleep phase with settings of its own, delayed control, no integral path in sleep
    lambda: case("r2_strong_deep_hard_labels", 52, [4, 6, 5, 6, 3], ["sigmoid", "linear", "leakyrelu"], B=3, tcv=1.0, proactive=False,
                 dt_fb=0.004, tcr_fb=0.03, tau_a_fb=0.2, k_p_fb=0.0, sigma_out=0.03, sigma_fb=0.004, sigma_out_fb=0.006, T=80),
    # no hidden layer, one sample, no noise at the output, layers not scaled
    lambda: case("r3_strong_single_layer", 53, [5, 3], B=1, tcv=0.9, sigma_out=0.0, scaling_fb_updates=False, tau_a_fb=0.1),
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
