"""What the compared programs share: sizes, made-up data, and the constants of the controlled network. NumPy only."""
import numpy as np

LAYERS = [784, 256, 256, 256, 10]
BATCH = 128
STEPS = 1000   # T: states of a settling phase, the feedforward state included
RING = 9       # time steps whose outer products are multiplied together; divides T − 1
RATE = 1e-9    # so small that the network stays what it is, however often a step runs
DT, TAU_V, K_P, ALPHA = 0.02, 0.2, 2.0, 0.0002465863883
K_V = DT / TAU_V
NUDGE = 0.1 / BATCH   # λ/B: step of the output target along −∂ℒ/∂r

RULES = ["backprop", "dfa", "dfc-ssa", "dfc-ss", "dfc"]


def make(dtype):
    """Inputs, one-hot labels, W and b of each layer, Q of each layer (product of the transposed weights above), G of the hidden ones."""
    random = np.random.default_rng(1)
    x = (random.random((BATCH, LAYERS[0])) - 0.5).astype(dtype)
    onehot = np.eye(LAYERS[-1], dtype=dtype)[np.arange(BATCH) % LAYERS[-1]]
    w = [random.normal(0, (2 / (i + o)) ** 0.5, (o, i)) for i, o in zip(LAYERS, LAYERS[1:])]
    q = [np.eye(LAYERS[-1])]
    for above in reversed(w[1:]):
        q.insert(0, above.T @ q[0])
    g = [random.normal(0, (2 / (n + LAYERS[-1])) ** 0.5, (n, LAYERS[-1])) for n in LAYERS[1:-1]]
    cast = lambda arrays: [a.astype(dtype) for a in arrays]
    return x, onehot, cast(w), [np.zeros(n, dtype) for n in LAYERS[1:]], cast(q), cast(g)
