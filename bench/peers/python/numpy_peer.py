import numpy as np
from serve import Repeat, Training, serve, sizes, split

BETA1, BETA2, EPSILON = 0.9, 0.999, 1e-7


def gemm(task):
    M, K, N = task["M"], task["K"], task["N"]
    batch = (task["count"],) if "count" in task else ()

    def operand(x, rows, columns, transposed):
        if transposed:
            return x.reshape(*batch, columns, rows).swapaxes(-1, -2)
        return x.reshape(*batch, rows, columns)

    a = operand(task["a"], M, K, task["transposeA"])
    b = operand(task["b"], K, N, task["transposeB"])
    c = np.empty((*batch, M, N), np.float32)
    return Repeat(lambda: np.matmul(a, b, out=c))


def elementwise(task):
    a, b = task["a"], task.get("b")
    y = np.empty_like(a)

    def sigmoid():
        np.negative(a, out=y)
        np.exp(y, out=y)
        np.add(y, 1, out=y)
        return np.reciprocal(y, out=y)

    steps = {
        "copy": lambda: (np.copyto(y, a), y)[1],
        "add": lambda: np.add(a, b, out=y),
        "mul": lambda: np.multiply(a, b, out=y),
        "relu": lambda: np.maximum(a, 0, out=y),
        "exp": lambda: np.exp(a, out=y),
        "tanh": lambda: np.tanh(a, out=y),
        "sigmoid": sigmoid,
    }
    return Repeat(steps[task["op"]])


def reduce(task):
    x = task["x"].reshape(task["rows"], task["columns"])

    def softmax():
        y = np.exp(x - x.max(axis=1, keepdims=True))
        y /= y.sum(axis=1, keepdims=True)
        return y

    steps = {
        "sum": lambda: x.sum(),
        "rowmax": lambda: x.max(axis=1),
        "softmax": softmax,
        "meanvar0": lambda: np.concatenate([x.mean(axis=0), x.var(axis=0)]),
    }
    return Repeat(steps[task["op"]])


class Perceptron:
    """Parameters, gradients and moments in slabs; products written into place."""

    def __init__(self, task):
        self.task = task
        self.sizes, self.hidden = sizes(task), task["layers"][0].get("activation", "relu")
        x, self.y = split(task)
        self.x = x.reshape(*x.shape[:2], -1)
        self.initial = np.concatenate(task["weights"])
        self.w, self.g, self.m, self.v, self.t, self.u = (
            np.zeros_like(self.initial) for _ in range(6)
        )
        self.layers, at = [], 0
        for inputs, units in zip(self.sizes, self.sizes[1:]):
            middle, end = at + inputs * units, at + (inputs + 1) * units
            kernel, bias = (self.w[at:middle].reshape(inputs, units), self.w[middle:end])
            dk, db = (self.g[at:middle].reshape(inputs, units), self.g[middle:end])
            y, dy = (np.empty((task["batch"], units), np.float32) for _ in range(2))
            self.layers.append((kernel, bias, dk, db, y, dy))
            at = end
        self.reset()

    def reset(self):
        self.w[:] = self.initial
        self.m[:] = 0
        self.v[:] = 0

    def forward(self, x):
        for i, (kernel, bias, _, _, y, _) in enumerate(self.layers):
            np.matmul(x, kernel, out=y)
            np.add(y, bias, out=y)
            if i + 1 < len(self.layers):
                if self.hidden == "relu":
                    np.maximum(y, 0, out=y)
                else:
                    np.tanh(y, out=y)
            x = y
        return x

    def loss(self, z, y, dz):
        """The loss; leaves its gradient in dz."""
        n = len(y)
        if self.task["output"] == "softmax":
            np.subtract(z, z.max(axis=1, keepdims=True), out=z)
            np.exp(z, out=dz)
            sums = dz.sum(axis=1)
            rows = np.arange(n)
            loss = (np.log(sums) - z[rows, y]).mean()
            np.divide(dz, sums[:, None], out=dz)
            dz[rows, y] -= 1
        else:
            t = y[:, None]
            e = np.exp(-np.abs(z))
            loss = (np.maximum(z, 0) - z * t + np.log1p(e)).mean()
            np.subtract(np.where(z >= 0, 1, e) / (1 + e), t, out=dz)
        np.divide(dz, n, out=dz)
        return loss

    def step(self, number, index):
        x = self.x[index]
        z = self.forward(x)
        loss = self.loss(z, self.y[index], self.layers[-1][5])
        for i in reversed(range(len(self.layers))):
            kernel, _, dk, db, _, dz = self.layers[i]
            below = self.layers[i - 1][4] if i else x
            np.matmul(below.T, dz, out=dk)
            np.sum(dz, axis=0, out=db)
            if i:
                dx = self.layers[i - 1][5]
                np.matmul(dz, kernel.T, out=dx)
                np.multiply(dx, below > 0 if self.hidden == "relu" else 1 - below**2, out=dx)
        self.update(number + 1)
        return loss

    def update(self, number):
        w, g, m, v, t, u, rate = self.w, self.g, self.m, self.v, self.t, self.u, self.task["rate"]
        if self.task["optimizer"] == "sgd":
            np.multiply(g, rate, out=t)
            np.subtract(w, t, out=w)
            return
        np.multiply(m, BETA1, out=m)
        np.multiply(g, 1 - BETA1, out=t)
        np.add(m, t, out=m)
        np.multiply(v, BETA2, out=v)
        np.multiply(g, g, out=t)
        np.multiply(t, 1 - BETA2, out=t)
        np.add(v, t, out=v)
        np.sqrt(v, out=t)
        np.add(t, EPSILON, out=t)
        alpha = rate * (1 - BETA2**number) ** 0.5 / (1 - BETA1**number)
        np.multiply(m, np.float32(alpha), out=u)
        np.divide(u, t, out=u)
        np.subtract(w, u, out=w)


def infer(task):
    network = Perceptron(task)

    def step():
        z = network.forward(task["x"].reshape(task["batch"], -1))
        if task["output"] == "sigmoid":
            return 1 / (1 + np.exp(-z))
        e = np.exp(z - z.max(axis=1, keepdims=True))
        return e / e.sum(axis=1, keepdims=True)

    return Repeat(step)


serve(
    {
        "gemm": gemm,
        "elementwise": elementwise,
        "reduce": reduce,
        "train": lambda task: Training(task, Perceptron(task)),
        "infer": infer,
    }
)
