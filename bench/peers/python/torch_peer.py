import os

import torch
import torch.nn.functional as F
from serve import Repeat, Training, serve, split

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


class Perceptron:
    def __init__(self, task):
        x, y, pairs = split(task)
        self.task = task
        self.x = torch.from_numpy(x)
        if y is not None:
            self.y = torch.from_numpy(y)
            self.y = self.y.long() if task["output"] == "softmax" else self.y[..., None]
        self.initial = [torch.from_numpy(w) for pair in pairs for w in pair]
        self.w = [w.clone().requires_grad_() for w in self.initial]
        self.reset()

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
        for i in range(0, len(self.w), 2):
            x = torch.addmm(self.w[i + 1], x, self.w[i])
            if i + 2 < len(self.w):
                x = torch.relu(x) if self.task["hidden"] == "relu" else torch.tanh(x)
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
    network = Perceptron(task)

    def step():
        z = network.forward(tensor(task["x"], task["batch"], -1))
        return z.softmax(dim=1) if task["output"] == "softmax" else z.sigmoid()

    return repeat(step)


serve(
    {
        "gemm": gemm,
        "elementwise": elementwise,
        "reduce": reduce,
        "train": lambda task: Training(task, Perceptron(task)),
        "infer": infer,
    }
)
