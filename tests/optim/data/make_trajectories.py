"""Trajectories of PyTorch's own optimizers, which tests/optim/optimizer_test.cc compares with ours.

Run with any PyTorch on the CPU:  python3 make_trajectories.py > trajectories.json
The committed file came from Debian 12's python3-torch (version in the file).
"""
import json

import torch

torch.set_default_dtype(torch.float64)
torch.manual_seed(20240229)
STEPS = 50
KEPT = [1, 2, 3, 10, 25, 50]
SIZES = [7, 5]
# Elements 3 and 8 never receive a gradient.
START = [torch.randn(n) for n in SIZES]
GRADIENTS = [[torch.randn(n) * 10 ** (torch.rand(n) * 4 - 3) for n in SIZES] for _ in range(STEPS)]
for step in GRADIENTS:
    step[0][3] = 0
    step[1][1] = 0

CASES = [
    dict(name="sgd", algorithm="sgd", learning_rate=0.05),
    dict(name="sgd-l2", algorithm="sgd", learning_rate=0.05, weight_decay=0.03),
    dict(name="sgd-l1", algorithm="sgd", learning_rate=0.05, l1=0.02),
    dict(name="momentum", algorithm="momentum", learning_rate=0.02, momentum=0.9),
    dict(name="momentum-l2", algorithm="momentum", learning_rate=0.02, momentum=0.8, weight_decay=0.1),
    dict(name="nesterov", algorithm="nesterov", learning_rate=0.02, momentum=0.9, weight_decay=0.01),
    dict(name="adam", algorithm="adam", learning_rate=0.01),
    dict(name="adam-equal-betas", algorithm="adam", learning_rate=0.002, beta1=0.99, beta2=0.99, epsilon=1e-7),
    dict(name="adam-l2", algorithm="adam", learning_rate=0.01, weight_decay=0.1),
    dict(name="adamw", algorithm="adamw", learning_rate=0.01, weight_decay=0.1),
    dict(name="rmsprop", algorithm="rmsprop", learning_rate=0.003, alpha=0.9, epsilon=1e-6),
    dict(name="rmsprop-l2", algorithm="rmsprop", learning_rate=0.003, weight_decay=0.05),
    dict(name="sgd-clip-per-tensor", algorithm="sgd", learning_rate=0.05, clip="per-tensor", clip_norm=0.7),
    dict(name="sgd-clip-joint", algorithm="sgd", learning_rate=0.05, clip="joint", clip_norm=0.7),
    dict(name="adam-clip-l2-l1", algorithm="adam", learning_rate=0.01, clip="joint", clip_norm=0.5, weight_decay=0.02,
         l1=0.01),
    dict(name="momentum-step", algorithm="momentum", learning_rate=0.05, schedule="step", step_epochs=15,
         step_factor=0.3),
    dict(name="adam-cosine", algorithm="adam", learning_rate=0.01, schedule="cosine", final_factor=0.1,
         decay_epochs=40),
    dict(name="sgd-layer-rates", algorithm="sgd", learning_rate=0.05, layer_rates=[0.5, 2.0]),
    dict(name="adam-layer-rates", algorithm="adam", learning_rate=0.01, layer_rates=[3.0, 0.25]),
]


def optimizer_of(case, parameters):
    rates = case.get("layer_rates", [1.0] * len(parameters))
    groups = [dict(params=[p], lr=case["learning_rate"] * rate) for p, rate in zip(parameters, rates)]
    decay = case.get("weight_decay", 0.0)
    algorithm = case["algorithm"]
    if algorithm in ("sgd", "momentum", "nesterov"):
        momentum = 0.0 if algorithm == "sgd" else case.get("momentum", 0.9)
        return torch.optim.SGD(groups, lr=1.0, momentum=momentum, weight_decay=decay, nesterov=algorithm == "nesterov")
    if algorithm in ("adam", "adamw"):
        kind = torch.optim.Adam if algorithm == "adam" else torch.optim.AdamW
        betas = (case.get("beta1", 0.9), case.get("beta2", 0.999))
        return kind(groups, lr=1.0, betas=betas, eps=case.get("epsilon", 1e-8), weight_decay=decay, foreach=False)
    return torch.optim.RMSprop(groups, lr=1.0, alpha=case.get("alpha", 0.99), eps=case.get("epsilon", 1e-8),
                               weight_decay=decay)


def trajectory(case):
    parameters = [torch.nn.Parameter(w.clone()) for w in START]
    optimizer = optimizer_of(case, parameters)
    scheduler = None
    if case.get("schedule") == "step":
        scheduler = torch.optim.lr_scheduler.StepLR(optimizer, case["step_epochs"], case["step_factor"])
    if case.get("schedule") == "cosine":
        # The closed form, past the end too, where the library's recursion would rise again.
        f, end = case["final_factor"], case["decay_epochs"]
        cosine = lambda t: f + (1 - f) * (1 + torch.cos(torch.tensor(torch.pi * min(t / end, 1.0))).item()) / 2
        scheduler = torch.optim.lr_scheduler.LambdaLR(optimizer, cosine)
    kept = []
    for step, gradients in enumerate(GRADIENTS, 1):
        for p, g in zip(parameters, gradients):
            p.grad = g.clone()
        if case.get("clip") == "per-tensor":
            for p in parameters:
                torch.nn.utils.clip_grad_norm_([p], case["clip_norm"])
        if case.get("clip") == "joint":
            torch.nn.utils.clip_grad_norm_(parameters, case["clip_norm"])
        for p in parameters:
            p.grad += case.get("l1", 0.0) * torch.sign(p.detach())
        optimizer.step()
        if scheduler:
            scheduler.step()
        if step in KEPT:
            kept.append([p.tolist() for p in parameters])
    return dict(settings={k: v for k, v in case.items() if k != "name"}, name=case["name"], weights=kept)


print(json.dumps(dict(
    torch=torch.__version__, steps=STEPS, kept=KEPT,
    start=[w.tolist() for w in START],
    gradients=[[g.tolist() for g in step] for step in GRADIENTS],
    cases=[trajectory(case) for case in CASES])))
