"""Runs one task for the benchmark: JSON lines in, JSON lines out. Arrays are base64 of f32 or i32."""

import base64
import json
import sys

import numpy as np


def array(field):
    return np.frombuffer(base64.b64decode(field["base64"]), dtype=field["dtype"]).copy()


def decode(value):
    if isinstance(value, dict):
        if "base64" in value:
            return array(value)
        return {key: decode(v) for key, v in value.items()}
    return [decode(v) for v in value] if isinstance(value, list) else value


def uses_openblas():
    with open("/proc/self/maps") as maps:
        return "openblas" in maps.read()


def serve(kinds):
    def answer(value):
        print(json.dumps(value), flush=True)

    first = json.loads(sys.stdin.readline())
    runner = kinds[first["kind"]](decode(first["task"]))
    answer({"openblas": uses_openblas()})
    for line in sys.stdin:
        request = json.loads(line)
        if "run" in request:
            runner.run(request["run"])
            answer({})
        elif "reset" in request:
            runner.reset()
            answer({})
        else:
            answer([float(x) for x in runner.output()])


class Repeat:
    """Repeats a step; `output` reads what the last one returned."""

    def __init__(self, step, read=np.ravel):
        self.step, self.read, self.last = step, read, None

    def reset(self):
        pass

    def run(self, steps):
        for _ in range(steps):
            self.last = self.step()

    def output(self):
        return self.read(self.last)


class Training:
    """Steps over the batches in turn; `output` gives the losses of the last call."""

    def __init__(self, task, network):
        self.batches, self.network, self.losses = task["batches"], network, []

    def reset(self):
        self.network.reset()

    def run(self, steps):
        self.losses = [self.network.step(i, i % self.batches) for i in range(steps)]

    def output(self):
        return self.losses


def split(task):
    """Batches (x, y), and pairs (kernel, bias)."""
    sizes, batch = task["sizes"], task["batch"]
    x = task["x"].reshape(-1, batch, sizes[0])
    y = task["y"].reshape(-1, batch) if "y" in task else None
    weights = task["weights"]
    kernels = [w.reshape(n, -1) for w, n in zip(weights[::2], sizes)]
    return x, y, list(zip(kernels, weights[1::2]))
