"""Training steps in PyTorch, written for speed: by hand and in place, weights transposed beforehand, the first layer's drive once."""
from serve import arguments, serve

options = arguments()

import torch  # noqa: E402  (after the processors were chosen)

from problem import ALPHA, BATCH, DT, K_P, K_V, LAYERS, NUDGE, RATE, RING, STEPS, make  # noqa: E402

torch.set_num_threads(options.threads)
torch.set_grad_enabled(False)
dtype = getattr(torch, options.dtype)
x, onehot, w, b, q, g = [
    [torch.from_numpy(a) for a in part] if isinstance(part, list) else torch.from_numpy(part) for part in make(options.dtype)
]
L = len(w)
HIDDEN = range(L - 1)
wt = [a.t().contiguous() for a in w]   # the settling rules read these, again and again
qt = [a.t().contiguous() for a in q]


def empty(*shape):
    return torch.empty(*shape, dtype=dtype)


def phi(i, v):
    return torch.tanh(v) if i < L - 1 else v.clone()


def forward():
    rates, voltages = [x], []
    for i in range(L):
        v = torch.addmm(b[i], rates[-1], w[i].t())
        voltages.append(v)
        rates.append(torch.tanh(v) if i < L - 1 else v)
    return voltages, rates


def error_of(rates):
    return torch.softmax(rates[-1], 1).sub_(onehot)


def move(i, post, pre, scale):
    """W_i ← W_i + RATE · scale · Σ post preᵀ, the bias alike; `changes` remembers it where asked to."""
    if options.update:
        changes[i] = float(torch.linalg.norm(scale * post.t() @ pre))
    w[i].addmm_(post.t(), pre, alpha=RATE * scale)
    b[i].add_(post.sum(0), alpha=RATE * scale)


changes = [0.0] * L


def backprop():
    _, rates = forward()
    delta = error_of(rates)
    for i in reversed(range(L)):
        below = rates[i]
        back = delta @ w[i] if i else None
        move(i, delta, below, -1 / BATCH)
        if i:
            delta = back.mul_(1 - below * below)


def dfa():
    _, rates = forward()
    error = error_of(rates)
    move(L - 1, error, rates[-2], -1 / BATCH)
    for i in HIDDEN:
        move(i, (error @ g[i].t()).mul_(1 - rates[i + 1] * rates[i + 1]), rates[i], -1 / BATCH)


def dfc_ssa():
    voltages, rates = forward()
    delta = error_of(rates).mul_(-NUDGE)
    # M_i = φ'(v_i) ⊙ (W_i M_{i−1} + Q_i), rows: (sample, output)
    m = None
    for i in range(L):
        m = qt[i].expand(BATCH, -1, -1) if m is None else (m.reshape(-1, LAYERS[i]) @ w[i].t()).view(BATCH, LAYERS[-1], -1).add_(qt[i])
        if i < L - 1:
            m = m * (1 - rates[i + 1] * rates[i + 1])[:, None, :]
    system = m.transpose(1, 2) + ALPHA * torch.eye(LAYERS[-1], dtype=dtype)
    u = torch.linalg.solve(system, delta)
    r = x
    for i in range(L):
        v_ff = torch.addmm(b[i], r, w[i].t()) if i else voltages[0]
        v = torch.addmm(v_ff, u, qt[i])
        below, r = r, phi(i, v)
        move(i, r - phi(i, v_ff), below, 2 / BATCH)


class Settling:
    """T − 1 Euler steps of the controlled network; `learn` adds up the update over them."""

    def __init__(self, learn):
        self.learn = learn
        self.v = [empty(BATCH, n) for n in LAYERS[1:]]
        self.drive = [empty(BATCH, n) for n in LAYERS[1:]]
        self.push = empty(BATCH, sum(LAYERS[1:]))
        self.q_all = torch.cat(qt, 1).contiguous()   # one product for Q u of all layers
        self.pushes = torch.split(self.push, LAYERS[1:], 1)
        self.rate = [empty(RING, BATCH, n) for n in LAYERS[1:]]
        self.post = [empty(RING, BATCH, n) for n in LAYERS[1:]]
        self.first_post = empty(BATCH, LAYERS[1])
        self.sums = [empty(o, i) for i, o in zip(LAYERS, LAYERS[1:])]
        self.bias_sums = [empty(n) for n in LAYERS[1:]]
        self.u_int, self.u = empty(BATCH, LAYERS[-1]), empty(BATCH, LAYERS[-1])
        self.turn = torch.compile(self.ring, dynamic=False) if options.compiled else self.ring

    def ring(self):
        for slot in range(RING):
            self.euler(slot, (slot - 1) % RING)

    def euler(self, slot, before):
        e = self.target - self.rate[-1][before]
        self.u_int.add_(e.sub(self.u, alpha=ALPHA), alpha=DT)
        torch.add(self.u_int, e, alpha=K_P, out=self.u)
        torch.mm(self.u, self.q_all, out=self.push)
        for i in range(L):
            drive = self.drive[i]
            if i:
                torch.addmm(b[i], self.rate[i - 1][slot], wt[i], out=drive)
            if self.learn:
                # φ(v_ff) waits in the room of the postsynaptic factor
                torch.tanh(drive if i else self.first_drive, out=self.post[i][slot]) if i < L - 1 else self.post[i][slot].copy_(drive)
            if i:
                drive.add_(self.pushes[i])
            else:
                torch.add(self.first_drive, self.pushes[0], out=drive)
            self.v[i].lerp_(drive, K_V)
            r = self.rate[i][slot]
            torch.tanh(self.v[i], out=r) if i < L - 1 else r.copy_(self.v[i])
            if self.learn:
                torch.sub(r, self.post[i][slot], out=self.post[i][slot])

    def __call__(self):
        voltages, rates = forward()
        self.first_drive = voltages[0]
        self.target = rates[-1] - NUDGE * error_of(rates)
        for i in range(L):
            self.v[i].copy_(voltages[i])
            self.rate[i][RING - 1].copy_(rates[i + 1])
            self.sums[i].zero_()
            self.bias_sums[i].zero_()
        self.first_post.zero_()
        self.u.zero_()
        self.u_int.zero_()
        for _ in range((STEPS - 1) // RING):
            self.turn()
            if self.learn:
                self.collect()
        if self.learn:
            self.learn_mean()
        else:
            self.learn_last()
        # the transposed copies follow the weights
        for i in range(1, L):
            wt[i].copy_(w[i].t())

    def collect(self):
        self.first_post.add_(self.post[0].sum(0))
        for i in range(1, L):
            post, pre = self.post[i].view(-1, LAYERS[i + 1]), self.rate[i - 1].view(-1, LAYERS[i])
            self.sums[i].addmm_(post.t(), pre)
            self.bias_sums[i].add_(post.sum(0))

    def learn_mean(self):
        scale = 2 / (BATCH * STEPS)
        move(0, self.first_post, x, scale)
        for i in range(1, L):
            changes[i] = float(torch.linalg.norm(scale * self.sums[i])) if options.update else 0
            w[i].add_(self.sums[i], alpha=RATE * scale)
            b[i].add_(self.bias_sums[i], alpha=RATE * scale)

    def learn_last(self):
        for i in range(L):
            below = self.rate[i - 1][RING - 1] if i else x
            v_ff = torch.addmm(b[i], below, w[i].t())
            move(i, self.rate[i][RING - 1] - phi(i, v_ff), below, 2 / BATCH)


step = {"backprop": backprop, "dfa": dfa, "dfc-ssa": dfc_ssa}.get(options.rule) or Settling(options.rule == "dfc")
if options.compiled and not isinstance(step, Settling):
    step = torch.compile(step, dynamic=False)
if options.update:
    step()
    print(" ".join(f"{change:.15e}" for change in changes))
else:
    serve(step)
