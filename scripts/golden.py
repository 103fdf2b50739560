"""Writes the files of tests/golden with PyTorch (Debian: python3-torch): /usr/bin/python3 scripts/golden.py

mlp.json: a multilayer perceptron 20-16-12-5 with relu and softmax cross-entropy on one batch of 8: gradients at the start and
ten losses of SGD and Adam, in float64 and float32; and the paths of a vector under each optimiser.
conv.json: random convolutions, also transposed ones, with all gradients; and a convolutional network with batch
normalisation, gradients and losses as above. Inputs are drawn anew by the tests.
"""
import json
import math
import pathlib
import random

import torch
import torch.nn.functional as F

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


def configuration(numbers, axes):
    """A random convolution; every other one is transposed."""
    pick = numbers.choice
    transposed = pick([False, True])
    groups = 1 if transposed else pick([1, 1, 2, 3])
    n = [numbers.randint(*((4, 12), (4, 6), (3, 4))[axes - 1]) for _ in range(axes)]
    strides = [pick([1, 2, 3]) for _ in n]
    return {
        "transposed": transposed,
        "batch": 2 if axes < 3 else 1,
        "size": n,
        "kernel": [pick([1, 2, 3] if axes < 3 else [1, 2]) for _ in n],
        "channels": groups * pick([1, 2]),
        "filters": groups * pick([1, 2]),
        "groups": groups,
        "strides": strides,
        "dilation": [pick([1, 2]) if not transposed or s == 1 else 1 for s in strides],
        "pads": [[p, p if transposed else pick([0, 1, 2])] for p in (pick([0, 1]) for _ in n)],
        "more": [pick(range(s)) if transposed else 0 for s in strides],
    }


def drawn(numbers, shape):
    return torch.tensor(numbers.list(math.prod(shape)), dtype=torch.float64).reshape(shape)


def channels_first(x):
    return x.movedim(-1, 1)


def convolved(c, x, w, b):
    """x [B, .., C], w [.., C/groups, F], or [.., F, C] for a transposed one, as the library has them."""
    axes = len(c["size"])
    if c["transposed"]:
        op = (F.conv_transpose1d, F.conv_transpose2d, F.conv_transpose3d)[axes - 1]
        pads = [p for p, _ in c["pads"]]
        y = op(channels_first(x), w.permute(axes + 1, axes, *range(axes)), b, c["strides"], pads, c["more"], 1, c["dilation"])
    else:
        op = (F.conv1d, F.conv2d, F.conv3d)[axes - 1]
        padded = F.pad(channels_first(x), [p for pair in reversed(c["pads"]) for p in pair])
        y = op(padded, w.permute(axes + 1, axes, *range(axes)), b, c["strides"], 0, c["dilation"], c["groups"])
    return y.movedim(1, -1)


def figures(t):
    return [float(f"{v:.11g}") for v in t.flatten().tolist()]


# 3×3 with stride 1 and enough channels for Winograd's convolution.
NINE_TAPS = {
    "transposed": False, "batch": 1, "size": [6, 7], "kernel": [3, 3], "channels": 16, "filters": 16, "groups": 1,
    "strides": [1, 1], "dilation": [1, 1], "pads": [[1, 1], [1, 1]], "more": [0, 0],
}


def with_figures(c, i):
    numbers = Lcg(i + 1)
    x = drawn(numbers, [c["batch"], *c["size"], c["channels"]])
    ends = [c["filters"], c["channels"]] if c["transposed"] else [c["channels"] // c["groups"], c["filters"]]
    w, b = drawn(numbers, [*c["kernel"], *ends]), drawn(numbers, [c["filters"]])
    inputs = [t.requires_grad_() for t in (x, w, b)]
    y = convolved(c, *inputs)
    gradients = torch.autograd.grad(y, inputs, drawn(numbers, list(y.shape)))
    return {**c, "shape": list(y.shape), "y": figures(y), "gradients": [figures(g) for g in gradients]}


def convolutions():
    choice, cases = random.Random(6), []
    while len(cases) < 18:
        c = configuration(choice, len(cases) // 6 + 1)
        spans = [(k - 1) * d + 1 for k, d in zip(c["kernel"], c["dilation"])]
        sizes = [n + sum(p) for n, p in zip(c["size"], c["pads"])]
        if any(s > n for s, n in zip(spans, sizes)) or any(p[0] >= s for p, s in zip(c["pads"], spans)):
            continue
        cases.append(with_figures(c, len(cases)))
    return [*cases, with_figures(NINE_TAPS, len(cases))]


CNN = {"input": [8, 8, 2], "filters": [4, 6], "classes": 5, "batch": 6, "epsilon": 1e-3}


def cnn_start():
    numbers = Lcg(3)
    channels, parameters = CNN["input"][2], []
    for f in CNN["filters"]:
        parameters += [drawn(numbers, [3, 3, channels, f]) * 0.5, 1 + drawn(numbers, [f]) * 0.25, drawn(numbers, [f]) * 0.25]
        channels = f
    features = channels * (CNN["input"][0] // 4) ** 2
    parameters += [drawn(numbers, [features, CNN["classes"]]) * 0.5, drawn(numbers, [CNN["classes"]]) * 0.125]
    x = drawn(numbers, [CNN["batch"], *CNN["input"]])
    return parameters, x


def cnn_loss(parameters, x, labels):
    """Twice: 3×3 convolution, batch normalisation, relu, halved by max pooling; then one dense layer."""
    h = channels_first(x)
    for i in range(0, 6, 3):
        w, gamma, beta = parameters[i : i + 3]
        h = F.conv2d(h, w.permute(3, 2, 0, 1), padding=1)
        h = F.batch_norm(h, None, None, gamma, beta, training=True, eps=CNN["epsilon"])
        h = F.max_pool2d(torch.relu(h), 2)
    return F.cross_entropy(h.movedim(1, -1).flatten(1) @ parameters[6] + parameters[7], labels)


def cnn():
    parameters, x = cnn_start()
    labels = torch.tensor([(i * 3) % CNN["classes"] for i in range(CNN["batch"])])
    result = {**CNN, "labels": labels.tolist()}
    for name, dtype in (("f64", torch.float64), ("f32", torch.float32)):
        result[name] = {"losses": {}}
        for kind, make in (("sgd", lambda p: torch.optim.SGD(p, lr=0.1)), ("adam", lambda p: torch.optim.Adam(p, lr=0.001, eps=1e-8))):
            own = [p.to(dtype).clone().requires_grad_() for p in parameters]
            optimizer, losses = make(own), []
            for step in range(STEPS):
                optimizer.zero_grad()
                loss = cnn_loss(own, x.to(dtype), labels)
                loss.backward()
                if step == 0:
                    result[name]["gradients"] = [figures(p.grad) for p in own]
                losses.append(loss.item())
                optimizer.step()
            result[name]["losses"][kind] = losses
    return result


def write(name, data):
    target = pathlib.Path(__file__).parent.parent / "tests" / "golden" / name
    target.write_text(json.dumps({"torch": torch.__version__, **data}) + "\n")
    print(f"{target}: {target.stat().st_size} bytes")


write("mlp.json", {"mlp": mlp(), "optimizers": paths()})
write("conv.json", {"convolutions": convolutions(), "cnn": cnn()})
