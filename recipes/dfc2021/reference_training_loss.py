#!/usr/bin/env python3
"""Backpropagation on MNIST in PyTorch, with the settings of Table 1's training-loss column: an independent look at where Adam ends.

    reference_training_loss.py FOLDER [--epochs 100] [--epsilon 1.406584294e-07] [--beta1 0.99] [--beta2 0.99]

FOLDER holds train-images-idx3-ubyte and train-labels-idx1-ubyte. Prints the mean loss over the minibatches of every eighth epoch.
"""
import argparse
import pathlib

import numpy as np
import torch

parser = argparse.ArgumentParser()
parser.add_argument("folder", type=pathlib.Path)
parser.add_argument("--epochs", type=int, default=100)
parser.add_argument("--learning-rate", type=float, default=1.018591313e-07 / 0.001)
parser.add_argument("--epsilon", type=float, default=1.406584294e-07)
parser.add_argument("--beta1", type=float, default=0.99)
parser.add_argument("--beta2", type=float, default=0.99)
parser.add_argument("--float64", action="store_true")
parser.add_argument("--seed", type=int, default=0)
options = parser.parse_args()

SAMPLES, BATCH = 55000, 128
images = np.fromfile(options.folder / "train-images-idx3-ubyte", np.uint8)[16:].reshape(-1, 784)
labels = np.fromfile(options.folder / "train-labels-idx1-ubyte", np.uint8)[8:]
random = np.random.default_rng(options.seed)
chosen = random.permutation(len(labels))[:SAMPLES]
dtype = torch.float64 if options.float64 else torch.float32
x = torch.tensor((images[chosen] / 255.0 - 0.1307) / 0.3081, dtype=dtype)
y = torch.tensor(labels[chosen].astype(np.int64))

torch.manual_seed(options.seed)
widths = [784, 256, 256, 256, 10]
layers = []
for below, above in zip(widths, widths[1:]):
    linear = torch.nn.Linear(below, above, dtype=dtype)
    torch.nn.init.xavier_normal_(linear.weight)
    torch.nn.init.zeros_(linear.bias)
    layers += [linear, torch.nn.Tanh()]
network = torch.nn.Sequential(*layers[:-1])
optimizer = torch.optim.Adam(
    network.parameters(), lr=options.learning_rate, betas=(options.beta1, options.beta2), eps=options.epsilon)
cross_entropy = torch.nn.CrossEntropyLoss()

for epoch in range(1, options.epochs + 1):
    order = torch.tensor(random.permutation(SAMPLES))
    total = 0.0
    for first in range(0, SAMPLES, BATCH):
        batch = order[first:first + BATCH]
        optimizer.zero_grad()
        loss = cross_entropy(network(x[batch]), y[batch])
        loss.backward()
        optimizer.step()
        total += loss.item() * len(batch)
    if epoch % 8 == 1 or epoch == options.epochs:
        print(f"epoch {epoch}: {total / SAMPLES:.2e}", flush=True)
