"""Runs tasks for the benchmark. Messages are those of frames.ts: requests on stdin, answers to file 3."""

import ctypes
import json
import sys
import time

import numpy as np


class Unable(Exception):
    """It cannot do what is asked."""


def decode(value, source):
    if isinstance(value, dict):
        if "blob" in value:
            return np.frombuffer(source.read(value["blob"]), dtype=value["dtype"]).copy()
        return {key: decode(v, source) for key, v in value.items()}
    return [decode(v, source) for v in value] if isinstance(value, list) else value


def messages(source):
    for line in iter(source.readline, b""):
        yield decode(json.loads(line), source)


def encode(value):
    if not isinstance(value, np.ndarray):
        return value, b""
    data = np.ascontiguousarray(value, np.float32 if value.dtype == np.float32 else np.float64)
    return {"blob": data.nbytes, "dtype": data.dtype.str[1:]}, data.tobytes()


def openblas():
    """What OpenBLAS runs on this processor; None without it."""
    with open("/proc/self/maps") as maps:
        paths = {line.split()[-1] for line in maps if "openblas" in line}
    for path in paths:
        name = ctypes.CDLL(path).openblas_get_corename
        name.restype = ctypes.c_char_p
        return name().decode()


def opened(kinds, request):
    kind = request["open"]
    if kind not in kinds:
        raise Unable(f"has nothing for {kind}")
    core = openblas()
    if core is None and request["variant"]["build"] == "avx512":
        raise Unable("has no OpenBLAS (Debian: apt-get install libopenblas0-pthread)")
    note = f"OpenBLAS {core}" if core else "without OpenBLAS"
    return kinds[kind](request["task"]), {"note": note}


def serve(kinds):
    runner = None
    with open(3, "wb") as answers:
        for request in messages(sys.stdin.buffer):
            answer, blob = {}, b""
            try:
                if "open" in request:
                    runner, answer["value"] = opened(kinds, request)
                elif "run" in request:
                    started = time.perf_counter()
                    runner.run(request["run"])
                    answer["value"] = (time.perf_counter() - started) * 1000
                elif "reset" in request:
                    runner.reset()
                elif "output" in request:
                    answer["value"], blob = encode(np.ravel(runner.output()))
                else:
                    runner = None
            except Exception as error:
                answer = {"error": f"{error}", "unable": isinstance(error, Unable)}
            answers.write(json.dumps(answer).encode() + b"\n" + blob)
            answers.flush()


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
        return np.array([float(loss) for loss in self.losses])


def split(task):
    """Batches (x, y)."""
    batch = task["batch"]
    x = task["x"].reshape(-1, batch, *task["input"])
    y = task["y"].reshape(-1, batch) if "y" in task else None
    return x, y


def sizes(task):
    """Inputs and units of a network of dense layers only."""
    for layer in task["layers"]:
        if layer["layer"] != "dense":
            raise Unable(f"has no {layer['layer']} here")
    return [int(np.prod(task["input"])), *(layer["units"] for layer in task["layers"])]
