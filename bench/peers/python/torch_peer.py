import os

import torch
import torch.nn.functional as F
from serve import Repeat, Training, Unable, serve

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
    batch = (task["count"],) if "count" in task else ()

    def operand(x, rows, columns, transposed):
        if transposed:
            return tensor(x, *batch, columns, rows).transpose(-1, -2)
        return tensor(x, *batch, rows, columns)

    a = operand(task["a"], M, K, task["transposeA"])
    b = operand(task["b"], K, N, task["transposeB"])
    c = torch.empty(*batch, M, N)
    product = torch.bmm if batch else torch.mm
    return repeat(lambda: product(a, b, out=c))


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


ACTIVATIONS = {"relu": torch.relu, "relu6": F.relu6, "tanh": torch.tanh, "sigmoid": torch.sigmoid}


def same(x, size, strides):
    """Padding as in Keras: what is odd of it at the end."""
    total = [max((-(-n // strides) - 1) * strides + size - n, 0) for n in x.shape[2:]]
    (top, bottom), (left, right) = ((n // 2, n - n // 2) for n in total)
    return F.pad(x, (left, right, top, bottom))


class Network:
    """The layers of bench/types.ts as functions; images are [batch, channels, height, width]."""

    def __init__(self, task):
        self.task, self.given, self.w = task, iter(task["weights"]), []
        self.images = len(task["input"]) == 3
        self.run = self.chain(task["layers"], task["input"][-1])[0]
        self.initial = [w.detach().clone() for w in self.w]
        x = tensor(task["x"], -1, task["batch"], *task["input"])
        self.x = x.permute(0, 1, 4, 2, 3).contiguous() if self.images else x
        if "y" in task:
            y = torch.from_numpy(task["y"]).reshape(-1, task["batch"])
            self.y = y.long() if task["output"] == "softmax" else y[..., None]
        self.reset()

    def weight(self, *shape, order=None):
        w = tensor(next(self.given), *shape)
        w = w.permute(*order).contiguous() if order else w
        self.w.append(w.clone().requires_grad_())
        return self.w[-1]

    def chain(self, layers, channels):
        functions = []
        for layer in layers:
            function, channels = self.layer(layer, channels)
            functions.append(function)

        def run(x):
            for function in functions:
                x = function(x)
            return x

        return run, channels

    def layer(self, layer, channels):
        kind = layer["layer"]
        if kind == "dense":
            return self.dense(layer), layer["units"]
        if kind in ("conv2d", "depthwiseConv2d"):
            return self.conv(layer, channels)
        if kind == "batchNormalization":
            gamma, beta = self.weight(channels), self.weight(channels)
            mean, variance = torch.zeros(channels), torch.ones(channels)
            run = lambda x: F.batch_norm(x, mean, variance, gamma, beta, True, 0.01, 1e-3)
            return run, channels
        if kind == "residual":
            main, filters = self.chain(layer["layers"], channels)
            shortcut, _ = self.chain(layer["shortcut"], channels)
            return (lambda x: main(x) + shortcut(x)), filters
        others = {
            "activation": lambda: ACTIVATIONS[layer["activation"]],
            "maxPooling2d": lambda: lambda x: F.max_pool2d(x, layer["poolSize"]),
            "averagePooling2d": lambda: lambda x: F.avg_pool2d(x, layer["poolSize"]),
            "globalAveragePooling2d": lambda: lambda x: x.mean((2, 3)),
            "flatten": lambda: lambda x: x.permute(0, 2, 3, 1).flatten(1),
        }
        if kind not in others:
            raise Unable(f"has no {kind} here")
        return others[kind](), channels

    def dense(self, layer):
        units = layer["units"]
        w, b = self.weight(-1, units), self.weight(units)
        act = ACTIVATIONS.get(layer.get("activation"), lambda x: x)
        return lambda x: act(torch.addmm(b, x, w))

    def conv(self, layer, channels):
        deep, size = layer["layer"] == "conv2d", layer["kernelSize"]
        filters = layer["filters"] if deep else channels
        strides, groups = layer.get("strides", 1), 1 if deep else channels
        if deep:
            w = self.weight(size, size, channels, filters, order=(3, 2, 0, 1))
        else:
            w = self.weight(size, size, channels, 1, order=(2, 3, 0, 1))
        b = self.weight(filters) if deep and layer.get("useBias", True) else None
        act = ACTIVATIONS.get(layer.get("activation"), lambda x: x)
        padded = not deep or layer.get("padding") == "same"
        middle = size // 2 if padded and strides == 1 and size % 2 else None

        def run(x):
            if middle is not None:
                return act(F.conv2d(x, w, b, strides, middle, 1, groups))
            return act(F.conv2d(same(x, size, strides) if padded else x, w, b, strides, 0, 1, groups))

        return run, filters

    def reset(self):
        with torch.no_grad():
            for w, start in zip(self.w, self.initial):
                w.copy_(start)
        rate = self.task.get("rate", 0)
        if self.task.get("optimizer") == "adam":
            self.optimizer = torch.optim.Adam(self.w, rate, (0.9, 0.999), 1e-7)
        else:
            self.optimizer = torch.optim.SGD(self.w, rate)

    def step(self, number, index):
        z, y = self.run(self.x[index]), self.y[index]
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
        z = network.run(network.x[0])
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
