import os

import torch
import torch.nn.functional as F
from serve import Repeat, Training, Unable, serve, split

torch.set_num_threads(int(os.environ["OMP_NUM_THREADS"]))


def repeat(step):
    def untracked():
        with torch.no_grad():
            return step()

    return Repeat(untracked, lambda y: y.numpy().ravel())


def tensor(values, *shape):
    return torch.from_numpy(values).reshape(*shape)


def gemm(task):
    M, K, N = task["M"], task["K"], task["N"]
    a = tensor(task["a"], K, M).T if task["transposeA"] else tensor(task["a"], M, K)
    b = tensor(task["b"], N, K).T if task["transposeB"] else tensor(task["b"], K, N)
    c = torch.empty(M, N)
    return repeat(lambda: torch.mm(a, b, out=c))


def elementwise(task):
    a = torch.from_numpy(task["a"])
    b = torch.from_numpy(task["b"]) if "b" in task else None
    y = torch.empty_like(a)
    steps = {
        "copy": lambda: y.copy_(a),
        "add": lambda: torch.add(a, b, out=y),
        "mul": lambda: torch.mul(a, b, out=y),
        "relu": lambda: torch.clamp(a, min=0, out=y),
        "exp": lambda: torch.exp(a, out=y),
        "tanh": lambda: torch.tanh(a, out=y),
        "sigmoid": lambda: torch.sigmoid(a, out=y),
    }
    return repeat(steps[task["op"]])


def reduce(task):
    x = tensor(task["x"], task["rows"], task["columns"])
    steps = {
        "sum": lambda: x.sum(),
        "rowmax": lambda: x.amax(dim=1),
        "softmax": lambda: x.softmax(dim=1),
        "meanvar0": lambda: torch.cat(torch.var_mean(x, dim=0, unbiased=False)[::-1]),
    }
    return repeat(steps[task["op"]])


def conv_layer(spec, kernel, bias):
    """Weights [KH, KW, C, filters] become [filters, C, KH, KW]."""
    k, c = spec["kernelSize"], kernel.numel() // (bias.numel() * spec["kernelSize"] ** 2)
    weight = kernel.reshape(k, k, c, -1).permute(3, 2, 0, 1).contiguous()
    return weight, bias, "same" if spec.get("padding") == "same" else "valid"


def dense_layer(shape, kernel, bias):
    """Kernel [inputs, units], whose rows follow the order [C, H, W] behind a picture."""
    kernel = kernel.reshape(*shape, -1)
    return (kernel.permute(2, 0, 1, 3) if len(shape) == 3 else kernel).reshape(-1, bias.numel())


ACTIVATIONS = {"relu": torch.relu, "tanh": torch.tanh, "sigmoid": torch.sigmoid, None: lambda x: x}


def pictures(x):
    """[..., H, W, C] as [..., C, H, W]; other shapes stay."""
    return x.movedim(-1, -3).contiguous() if x.dim() > 3 else x


class Network:
    """Dense and convolutional layers; `layers` holds functions and how many parameters each takes."""

    def __init__(self, task):
        x, y = split(task)
        self.task = task
        self.x = torch.from_numpy(x)
        if y is not None:
            self.y = torch.from_numpy(y)
            self.y = self.y.long() if task["output"] == "softmax" else self.y[..., None]
        self.initial, self.layers = [], []
        weights, shape = iter(torch.from_numpy(w) for w in task["weights"]), task["input"]
        for spec in task["layers"]:
            shape = self.add(spec, shape, weights)
        self.w = [w.clone().requires_grad_() for w in self.initial]
        self.x = pictures(self.x) if len(task["input"]) == 3 else self.x
        self.reset()

    def add(self, spec, shape, weights):
        """Adds a layer; `shape` is what reaches it, as the task has it: [H, W, C]. Returns that of its result."""
        kind, activate = spec["layer"], ACTIVATIONS[spec.get("activation")]
        if kind == "dense":
            kernel, bias = next(weights), next(weights)
            self.initial += [dense_layer(shape, kernel, bias), bias]
            self.layers.append((2, lambda x, w, b: activate(torch.addmm(b, x.flatten(1), w))))
            return [spec["units"]]
        if kind == "conv2d":
            weight, bias, padding = conv_layer(spec, next(weights), next(weights))
            self.initial += [weight, bias]
            self.layers.append((2, lambda x, w, b: activate(F.conv2d(x, w, b, padding=padding))))
            less = 0 if padding == "same" else spec["kernelSize"] - 1
            return [shape[0] - less, shape[1] - less, spec["filters"]]
        if kind == "maxPooling2d":
            size = spec["poolSize"]
            self.layers.append((0, lambda x: F.max_pool2d(x, size)))
            return [shape[0] // size, shape[1] // size, shape[2]]
        if kind == "flatten":  # dense layers do, and know the shape
            return shape
        raise Unable(f"has no {kind} here")

    def reset(self):
        with torch.no_grad():
            for w, start in zip(self.w, self.initial):
                w.copy_(start)
        rate = self.task.get("rate", 0)
        if self.task.get("optimizer") == "adam":
            self.optimizer = torch.optim.Adam(self.w, rate, (0.9, 0.999), 1e-7)
        else:
            self.optimizer = torch.optim.SGD(self.w, rate)

    def forward(self, x):
        at = 0
        for count, layer in self.layers:
            x = layer(x, *self.w[at : at + count])
            at += count
        return x

    def step(self, number, index):
        z, y = self.forward(self.x[index]), self.y[index]
        softmax = self.task["output"] == "softmax"
        loss = F.cross_entropy(z, y) if softmax else F.binary_cross_entropy_with_logits(z, y)
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        if self.task["optimizer"] == "adam":  # whose epsilon is inside of the correction of bias there
            self.optimizer.param_groups[0]["eps"] = 1e-7 / (1 - 0.999 ** (number + 1)) ** 0.5
        self.optimizer.step()
        return loss.detach()


def infer(task):
    network = Network(task)

    def step():
        z = network.forward(pictures(tensor(task["x"], task["batch"], *task["input"])))
        return z.softmax(dim=1) if task["output"] == "softmax" else z.sigmoid()

    return repeat(step)


serve(
    {
        "gemm": gemm,
        "elementwise": elementwise,
        "reduce": reduce,
        "train": lambda task: Training(task, Network(task)),
        "infer": infer,
    }
)
