"""Writes tests/golden/mlp.json with PyTorch (Debian: python3-torch): /usr/bin/python3 scripts/golden.py

A multilayer perceptron 20-16-12-5 with relu and softmax cross-entropy on one batch of 8: gradients at the start and ten
losses of SGD and Adam, in float64 and float32; and the paths of a vector under each optimiser.
"""
import json
import pathlib

import torch

SIZES = [20, 16, 12, 5]
BATCH = 8
STEPS = 10


class Lcg:
    """Numbers in [-1, 1) that float32 holds exactly."""

    def __init__(self, seed):
        self.state = seed

    def next(self):
        self.state = (self.state * 1664525 + 1013904223) % 2**32
        return (self.state >> 12) / 2**19 - 1

    def list(self, n, scale=1.0):
        return [self.next() * scale for _ in range(n)]


def start():
    numbers = Lcg(1)
    weights = []
    for inputs, outputs in zip(SIZES, SIZES[1:]):
        weights.append({"shape": [inputs, outputs], "data": numbers.list(inputs * outputs, 0.5)})
        weights.append({"shape": [outputs], "data": numbers.list(outputs, 0.125)})
    x = numbers.list(BATCH * SIZES[0])
    labels = [(i * 3) % SIZES[-1] for i in range(BATCH)]
    return weights, x, labels


def tensors(weights, dtype):
    return [torch.tensor(w["data"], dtype=dtype).reshape(w["shape"]).requires_grad_() for w in weights]


def loss_of(parameters, x, labels):
    h = x
    for i in range(0, len(parameters), 2):
        h = h @ parameters[i] + parameters[i + 1]
        if i + 2 < len(parameters):
            h = torch.relu(h)
    return torch.nn.functional.cross_entropy(h, labels)


def train(weights, x, labels, dtype, make):
    parameters = tensors(weights, dtype)
    optimizer = make(parameters)
    losses, gradients = [], None
    for _ in range(STEPS):
        optimizer.zero_grad()
        loss = loss_of(parameters, x, labels)
        loss.backward()
        gradients = gradients or [p.grad.flatten().tolist() for p in parameters]
        losses.append(loss.item())
        optimizer.step()
    return losses, gradients


def mlp():
    weights, x, labels = start()
    result = {"sizes": SIZES, "weights": weights, "x": x, "labels": labels}
    for name, dtype in (("f64", torch.float64), ("f32", torch.float32)):
        data = torch.tensor(x, dtype=dtype).reshape(BATCH, SIZES[0]), torch.tensor(labels)
        sgd, gradients = train(weights, *data, dtype, lambda p: torch.optim.SGD(p, lr=0.1))
        adam, _ = train(weights, *data, dtype, lambda p: torch.optim.Adam(p, lr=0.01, eps=1e-8))
        result[name] = {"gradients": gradients, "losses": {"sgd": sgd, "adam": adam}}
    return result


OPTIMIZERS = [
    ("sgd", {}, torch.optim.SGD, {}),
    ("sgd", {"momentum": 0.9}, torch.optim.SGD, {"momentum": 0.9}),
    ("sgd", {"momentum": 0.9, "nesterov": True}, torch.optim.SGD, {"momentum": 0.9, "nesterov": True}),
    ("rmsprop", {"rho": 0.9}, torch.optim.RMSprop, {"alpha": 0.9}),
    ("rmsprop", {"rho": 0.9, "centered": True}, torch.optim.RMSprop, {"alpha": 0.9, "centered": True}),
    ("rmsprop", {"rho": 0.8, "centered": True, "momentum": 0.5}, torch.optim.RMSprop, {"alpha": 0.8, "centered": True, "momentum": 0.5}),
    ("adam", {"beta1": 0.8, "beta2": 0.95}, torch.optim.Adam, {"betas": (0.8, 0.95)}),
    ("adam", {"amsgrad": True, "beta2": 0.9}, torch.optim.Adam, {"amsgrad": True, "betas": (0.9, 0.9)}),
    ("adamw", {"weightDecay": 0.1}, torch.optim.AdamW, {"weight_decay": 0.1}),
    ("adamw", {"weightDecay": 0.1, "amsgrad": True}, torch.optim.AdamW, {"weight_decay": 0.1, "amsgrad": True}),
    ("adagrad", {"initialAccumulatorValue": 0}, torch.optim.Adagrad, {}),
    ("adagrad", {"initialAccumulatorValue": 0.5}, torch.optim.Adagrad, {"initial_accumulator_value": 0.5}),
]
RATE = 0.05
EPSILON = 1e-4


def paths():
    numbers = Lcg(2)
    initial = numbers.list(7)
    gradients = [numbers.list(7) for _ in range(STEPS)]
    cases = []
    for name, ours, kind, theirs in OPTIMIZERS:
        adaptive = {} if name == "sgd" else {"eps": EPSILON}
        p = torch.tensor(initial, dtype=torch.float64).requires_grad_()
        optimizer = kind([p], lr=RATE, **adaptive, **theirs)
        path = []
        for g in gradients:
            p.grad = torch.tensor(g, dtype=torch.float64)
            optimizer.step()
            path.append(p.tolist())
        placed = {"epsilon": EPSILON, "epsilonPlacement": "torch"} if adaptive else {}
        cases.append({"name": name, "options": {"learningRate": RATE, **placed, **ours}, "path": path})
    return {"initial": initial, "gradients": gradients, "cases": cases}


target = pathlib.Path(__file__).parent.parent / "tests" / "golden" / "mlp.json"
target.write_text(json.dumps({"torch": torch.__version__, "mlp": mlp(), "optimizers": paths()}) + "\n")
print(f"{target}: {target.stat().st_size} bytes")
