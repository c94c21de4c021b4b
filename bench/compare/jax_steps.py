"""Training steps in JAX: one compiled function a step, lax.scan for the settling rules, weights donated."""
from serve import arguments, serve

options = arguments()

import os  # noqa: E402

os.environ["JAX_PLATFORMS"] = "cpu"
import jax  # noqa: E402  (after the processors were chosen)
import jax.numpy as jnp  # noqa: E402

from problem import ALPHA, BATCH, DT, K_P, K_V, LAYERS, NUDGE, RATE, RING, STEPS, make  # noqa: E402

jax.config.update("jax_enable_x64", options.dtype == "float64")
x, onehot, w, b, q, g = jax.tree.map(jnp.asarray, make(options.dtype))
L = len(w)


def phi(i, v):
    return jnp.tanh(v) if i < L - 1 else v


def forward(w, b):
    rates, voltages = [x], []
    for i in range(L):
        voltages.append(rates[-1] @ w[i].T + b[i])
        rates.append(phi(i, voltages[-1]))
    return voltages, rates


def error_of(rates):
    return jax.nn.softmax(rates[-1]) - onehot


def outer(post, pre):
    return post.T @ pre, post.sum(0)


def backprop(w, b):
    _, rates = forward(w, b)
    delta = -error_of(rates) / BATCH
    changes = [None] * L
    for i in reversed(range(L)):
        changes[i] = outer(delta, rates[i])
        if i:
            delta = (delta @ w[i]) * (1 - rates[i] ** 2)
    return changes


def dfa(w, b):
    _, rates = forward(w, b)
    error = -error_of(rates) / BATCH
    deltas = [(error @ g[i].T) * (1 - rates[i + 1] ** 2) for i in range(L - 1)] + [error]
    return [outer(delta, pre) for delta, pre in zip(deltas, rates)]


def dfc_ssa(w, b):
    voltages, rates = forward(w, b)
    delta = -NUDGE * error_of(rates)
    m = None
    for i in range(L):
        m = jnp.broadcast_to(q[i].T, (BATCH, LAYERS[-1], LAYERS[i + 1])) if m is None else m @ w[i].T + q[i].T
        if i < L - 1:
            m = m * (1 - rates[i + 1] ** 2)[:, None, :]
    system = jnp.swapaxes(m, 1, 2) + ALPHA * jnp.eye(LAYERS[-1], dtype=x.dtype)
    u = jnp.linalg.solve(system, delta[..., None])[..., 0]
    changes, r = [], x
    for i in range(L):
        v_ff = r @ w[i].T + b[i] if i else voltages[0]
        below, r = r, phi(i, v_ff + u @ q[i].T)
        changes.append(outer((2 / BATCH) * (r - phi(i, v_ff)), below))
    return changes


def settle(w, b, learn):
    voltages, rates = forward(w, b)
    target = rates[-1] - NUDGE * error_of(rates)
    q_all = jnp.concatenate([a.T for a in q], 1)
    cuts = [sum(LAYERS[1 : i + 1]) for i in range(1, L)]

    def euler(state, _):
        v, r, u_int, u = state
        e = target - r[-1]
        u_int = u_int + DT * (e - ALPHA * u)
        u = u_int + K_P * e
        push = jnp.split(u @ q_all, cuts, 1)
        new_v, new_r, posts = [], [], []
        for i in range(L):
            v_ff = new_r[i - 1] @ w[i].T + b[i] if i else voltages[0]
            new_v.append(v[i] + K_V * (v_ff + push[i] - v[i]))
            new_r.append(phi(i, new_v[i]))
            if learn:
                posts.append(new_r[i] - phi(i, v_ff))
        return (new_v, new_r, u_int, u), (posts, new_r[:-1]) if learn else None

    u = jnp.zeros_like(target)
    state = (voltages, rates[1:], u, u)
    if not learn:
        (_, r, _, _), _ = jax.lax.scan(euler, state, None, length=STEPS - 1)
        below = [x] + r[:-1]
        return [outer((2 / BATCH) * (r[i] - phi(i, below[i] @ w[i].T + b[i])), below[i]) for i in range(L)]

    def ring(carry, _):
        state, first, sums = carry
        state, (posts, pres) = jax.lax.scan(euler, state, None, length=RING)
        new_sums = []
        for i in range(1, L):
            dw, db = outer(posts[i].reshape(-1, LAYERS[i + 1]), pres[i - 1].reshape(-1, LAYERS[i]))
            new_sums.append((sums[i - 1][0] + dw, sums[i - 1][1] + db))
        return (state, first + posts[0].sum(0), new_sums), None

    zeros = [(jnp.zeros_like(w[i]), jnp.zeros_like(b[i])) for i in range(1, L)]
    (_, first, sums), _ = jax.lax.scan(ring, (state, jnp.zeros_like(voltages[0]), zeros), None, length=(STEPS - 1) // RING)
    scale = 2 / (BATCH * STEPS)
    return [outer(scale * first, x)] + [(scale * dw, scale * db) for dw, db in sums]


rule = {"backprop": backprop, "dfa": dfa, "dfc-ssa": dfc_ssa}.get(options.rule) or (lambda w, b: settle(w, b, options.rule == "dfc"))


def train(w, b):
    changes = rule(w, b)
    return [a + RATE * dw for a, (dw, _) in zip(w, changes)], [a + RATE * db for a, (_, db) in zip(b, changes)]


train = jax.jit(train, donate_argnums=(0, 1))
if options.update:
    print(" ".join(f"{float(jnp.linalg.norm(dw)):.15e}" for dw, _ in jax.jit(rule)(w, b)))
else:
    weights = [w, b]

    def step():
        weights[:] = train(*weights)

    serve(step, lambda: jax.block_until_ready(weights))
