"""Train the vision tower on single crops: pretrain.py CONFIG.json OUT.pt MINUTES FIRST_SEED FONT_FOLDER...

Heads on the mean of the tower's last K features say word, awning, car and day, with K drawn at random as --num-tokens
would choose it; a detector on every patch says which letters lie in it, the dense signal without which reading does not
start. START=FILE goes on from an earlier OUT.pt. WORKERS is the number of processes.
"""
import json
import math
import os
import sys

import numpy as np
import torch
from torch import nn
import torch.nn.functional as F

import crops
import model
import parallel
import scenes

BATCH, KEPT = 64, 8192   # crops a step in each process; crops kept to be seen again
LAST = [3, 5, 7, 7, 7, 7, 12, 29, 63]
WEIGHTS = {"word": 1.0, "awning": 0.3, "car": 0.3, "day": 0.2}
PEAK = 1.2e-3


class Pupil(nn.Module):
    """The tower with what teaches it."""

    def __init__(self, config):
        super().__init__()
        width = config["hidden_size"]
        answers = [len(scenes.SHOPS) + 2, len(scenes.COLOURS), len(scenes.COLOURS), 2]
        self.tower = model.Tower(config)
        self.heads = nn.ModuleList(nn.Sequential(nn.LayerNorm(width), nn.Linear(width, n)) for n in answers)
        self.reader = nn.Sequential(nn.LayerNorm(width), nn.Linear(width, 26))
        for name, p in self.tower.named_parameters():
            if p.dim() > 1:
                std = 0.02 if "position" in name else math.sqrt(1 / p[0].numel())
                nn.init.trunc_normal_(p, std=std)
            elif "bias" in name:
                nn.init.zeros_(p)
        for layer in self.tower.encoder.layers:
            layer.self_attn.out_proj.weight.data.mul_(0.5)
            layer.mlp.fc2.weight.data.mul_(0.5)
        nn.init.constant_(self.reader[1].bias, -4)

    def save(self, path):
        torch.save({part: getattr(self, part).state_dict() for part in ("tower", "heads", "reader")}, path)

    def load(self, path):
        for part, state in torch.load(path).items():
            getattr(self, part).load_state_dict(state)

    def loss(self, x, y, marks, last, reading):
        hidden = self.tower(x)
        pooled = hidden[:, -last:].mean(1)
        weight = torch.tensor(4.0)
        read = F.binary_cross_entropy_with_logits(self.reader(hidden), marks, pos_weight=weight, reduction="sum")
        total = reading * read / marks.sum().clamp(min=1)
        for i, weight in enumerate(WEIGHTS.values()):
            known = y[:, i] >= 0
            if known.any():
                total = total + weight * F.cross_entropy(self.heads[i](pooled[known]), y[known, i])
        return total

    @torch.no_grad()
    def score(self, x, y):
        """Share of right answers a head, and for legible words alone, with seven features a crop."""
        pooled = torch.cat([self.tower(pixels(x[a:a + 64]))[:, -7:].mean(1) for a in range(0, len(x), 64)])
        right = {}
        for i, name in enumerate(WEIGHTS):
            hit = self.heads[i](pooled).argmax(1) == y[:, i]
            right[name] = hit[y[:, i] >= 0].float().mean()
            if name == "word":
                right["legible"] = hit[(y[:, 0] >= 0) & (y[:, 0] < len(scenes.SHOPS))].float().mean()
        return " ".join(f"{name} {float(share):.3f}" for name, share in right.items())


def pixels(x):
    """uint8 [B, S, S, 3] to float [B, 3, S, S] in [-1, 1]."""
    return torch.from_numpy(x).float().permute(0, 3, 1, 2) / 127.5 - 1


class Store:
    """Crops as they come, the latest KEPT of them: a batch is new ones and ones drawn from the store."""

    def __init__(self, source, kept=KEPT):
        self.source, self.n = source, 0
        self.x = np.empty((kept, crops.S, crops.S, 3), np.uint8)
        self.y = np.empty((kept, len(WEIGHTS)), np.int64)
        self.marks = np.empty((kept, crops.PATCHES ** 2, 26), bool)

    def add(self, count):
        at = (self.n + np.arange(count)) % len(self.x)
        for i in at:
            self.x[i], self.y[i], self.marks[i] = next(self.source)
        self.n += count
        return at

    def batch(self, rng, size):
        """Half new crops, half kept ones."""
        at = np.concatenate([self.add(size // 2), rng.integers(min(self.n, len(self.x)), size=size - size // 2)])
        x = pixels(self.x[at])
        x = x * (1 + 0.2 * (torch.rand(size, 1, 1, 1) - 0.5)) + 0.2 * (torch.rand(size, 3, 1, 1) - 0.5)
        return x, torch.from_numpy(self.y[at]), torch.from_numpy(self.marks[at]).float()


def train(team, config, out, seed, folders):
    font_paths = scenes.fonts(*folders)
    torch.manual_seed(0)
    pupil = Pupil(config["vision_config"])
    if "START" in os.environ:
        pupil.load(os.environ["START"])
    rng = np.random.default_rng(seed + team.rank)
    torch.manual_seed(seed + team.rank)
    store = Store(crops.stream(seed + 10_000_000 * team.rank, font_paths))
    if team.rank == 0:
        held = Store(crops.stream(77, font_paths), 1536)
        held.add(1536)
    store.add(512)
    params = list(pupil.parameters())
    optimiser = torch.optim.AdamW(params, lr=PEAK, weight_decay=0.02, betas=(0.9, 0.98))
    gone, step, losses = 0.0, 0, []
    while gone < 1:
        rate = PEAK * min(1, (step + 1) / 200) * (0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * gone)))
        for group in optimiser.param_groups:
            group["lr"] = rate
        loss = pupil.loss(*store.batch(rng, BATCH), int(rng.choice(LAST)), 0.6 if gone < 0.5 else 0.3)
        pupil.zero_grad()
        loss.backward()
        gone = min(1.0, team.step(params))
        nn.utils.clip_grad_norm_(params, 1.0)
        optimiser.step()
        step += 1
        losses.append(float(loss))
        if team.rank == 0 and (step % 500 == 0 or gone >= 1):
            score = pupil.score(held.x, torch.from_numpy(held.y))
            pace = team.seconds() / step
            print(f"{gone:.2f} step {step} {pace:.3f} s/step loss {np.mean(losses[-500:]):.3f} {score}", flush=True)
            pupil.save(out)


if __name__ == "__main__":
    parallel.run(train, int(os.environ.get("WORKERS", "2")), float(sys.argv[3]), json.load(open(sys.argv[1])),
                 sys.argv[2], int(sys.argv[4]), sys.argv[5:])
