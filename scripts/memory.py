"""PyTorch's side of scripts/memory.ts: JSON with the bytes of tensors that live at once in a training step of each network."""
import json

import torch
import torch.nn.functional as F
from torch import nn
from torch.profiler import ProfilerActivity, profile

STEPS = 3
BATCHES = {"mlp_l": 128, "cnn": 64, "resnet": 64}


def mlp_l():
    layers = [nn.Linear(784, 512), nn.ReLU(), nn.Linear(512, 512), nn.ReLU(), nn.Linear(512, 10)]
    return nn.Sequential(*layers), (784,)


def cnn():
    layers = [
        *(nn.Conv2d(1, 16, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)),
        *(nn.Conv2d(16, 32, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)),
        *(nn.Flatten(), nn.Linear(32 * 49, 128), nn.ReLU(), nn.Linear(128, 10)),
    ]
    return nn.Sequential(*layers), (1, 28, 28)


def normalized(inputs, filters, size, stride=1):
    conv = nn.Conv2d(inputs, filters, size, stride, size // 2, bias=False)
    return nn.Sequential(conv, nn.BatchNorm2d(filters))


class Residual(nn.Module):
    def __init__(self, inputs, filters, stride):
        super().__init__()
        self.first = normalized(inputs, filters, 3, stride)
        self.second = normalized(filters, filters, 3)
        self.short = normalized(inputs, filters, 1, stride) if stride > 1 else nn.Identity()

    def forward(self, x):
        return F.relu(self.second(F.relu(self.first(x))) + self.short(x))


def resnet():
    stages = [Residual(16, 16, 1), Residual(16, 32, 2), Residual(32, 64, 2)]
    head = [nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(64, 10)]
    return nn.Sequential(normalized(3, 16, 3), nn.ReLU(), *stages, *head), (3, 32, 32)


def peak(events):
    """Of the running sum of all allocations and releases."""
    most = now = 0
    for event in events:
        if event.name() == "[memory]":
            now += event.nbytes()
            most = max(most, now)
    return most


def measure(name, make):
    batch = BATCHES[name]
    labels = torch.arange(batch) % 10
    with profile(activities=[ProfilerActivity.CPU], profile_memory=True) as watched:
        model, shape = make()
        optimizer = torch.optim.Adam(model.parameters(), 1e-3)
        x = torch.rand(batch, *shape)
        for _ in range(STEPS):
            optimizer.zero_grad(set_to_none=True)
            F.cross_entropy(model(x), labels).backward()
            optimizer.step()
    return peak(watched.profiler.kineto_results.events())


torch.set_num_threads(1)
found = {make.__name__: measure(make.__name__, make) for make in (mlp_l, cnn, resnet)}
print(json.dumps({"version": torch.__version__, "bytes": found}))
