"""Train decoder, projector and coordinates: train.py CONFIG.json TOWER.pt OUT.pt MINUTES FIRST_SEED FONT_FOLDER...

Every step takes pictures of a few crops, made afresh, and whole grids of some hundred crops from a store. TOWER.pt is
pretrain.py's. START=FILE goes on from an earlier OUT.pt. TOWER_RATE=0.2 lets the tower learn too, at that part of the
decoder's rate, from the pictures of a few crops and, as in pretrain.py, from single crops. WORKERS: processes.
"""
import json
import math
import os
import random
import sys

import numpy as np
import torch
from torch import nn
import torch.nn.functional as F

import crops
import model
import parallel
import pretrain
import scenes
import talk
import views

FEW, WHOLE = 12, 2         # a step's pictures in each process
NEW_FEW, NEW_WHOLE = 3, 0.5   # those made a step, few only while the tower stands still; the others come from a store
KEPT, KEPT_FRESH = 1500, 40   # pictures in a store; while the tower learns, so that their features are not stale
PEAK = 1.5e-3
TOKENS = [128, 256, 364, 512, 728, 728]   # --num-tokens, where not one to eight a crop
SINGLE = 32                # single crops a step, where the tower learns
CHECKED = ("shop", "sign", "side", "day", "awning", "car")


class Lesson:
    """The model with its tokenizer: loss on the answers about one picture."""

    def __init__(self, net, seed):
        self.net, self.tokenizer, self.r = net, talk.Tokenizer(), random.Random(seed)
        self.end = self.tokenizer.special["<|im_end|>"]
        self.before = self.tokenizer.encode("<|im_start|>user\n")

    def tokens(self, m):
        few = m <= views.FEW and self.r.random() < 0.75
        n = m * self.r.randint(1, 8) if few else self.r.choice(TOKENS)
        return max(m, min(n, m * self.net.features_per_crop))

    def questions(self, view):
        """Shop, sign and two others, as far as they have an answer."""
        kinds = ["shop", "sign"] + self.r.sample(["side", "day", "awning", "car", "general", "shop"], 2)
        return [kind for kind in kinds if view.answers[kind]]

    def logits(self, view, hidden, n, kinds):
        """One picture, several questions that see the image and never each other: logits, goal and question of each
        of the answers' tokens."""
        lm = self.net.language_model
        image = self.net.project(self.net.select(hidden, torch.tensor(view.coords), n))
        prefix = len(self.before) + len(image)
        ids, positions, block, goals = [], list(range(prefix)), [-1] * prefix, []
        for b, kind in enumerate(kinds):
            question = "\n" + self.r.choice(talk.QUESTIONS[kind]) + "<|im_end|>\n<|im_start|>assistant\n"
            asked = self.tokenizer.encode(question)
            answer = self.tokenizer.encode(view.answers[kind]) + [self.end]
            ids += asked + answer[:-1]
            goals += [-1] * (len(asked) - 1) + answer
            positions += range(prefix, prefix + len(asked) + len(answer) - 1)
            block += [b] * (len(asked) + len(answer) - 1)
        x = torch.cat([lm.embed(self.before), image, lm.embed(ids)])
        block = torch.tensor(block)
        seen = torch.ones(len(x), len(x), dtype=torch.bool).tril() & ((block == -1) | (block == block[:, None]))
        mask = torch.zeros(len(x), len(x)).masked_fill(~seen, float("-inf"))
        h, _ = lm(x[None], torch.tensor(positions), mask)
        goals = torch.tensor(goals)
        return lm.lm_head(h[0, prefix:][goals >= 0]), goals[goals >= 0], block[prefix:][goals >= 0]

    def loss(self, pictures):
        """Mean over the answers' tokens of pictures (view, hidden)."""
        total, count = 0, 0
        for view, hidden in pictures:
            kinds = self.questions(view)
            if kinds:
                logits, goals, _ = self.logits(view, hidden, self.tokens(len(hidden)), kinds)
                total = total + F.cross_entropy(logits, goals, reduction="sum")
                count += len(goals)
        return total / max(1, count)

    @torch.no_grad()
    def check(self, held):
        """Share of answers that are right in every token, at 728 tokens; + where the sign is legible, - where not."""
        right = {}
        for view in held:
            hidden = encode(self.net.tower, view.x)
            n = max(len(hidden), min(728, len(hidden) * self.net.features_per_crop))
            kinds = [kind for kind in CHECKED if view.answers[kind]]
            logits, goals, question = self.logits(view, hidden, n, kinds)
            hit = logits.argmax(1) == goals
            for i, kind in enumerate(kinds):
                if kind in talk.OF_THE_SIGN:
                    kind += "-" if view.answers[kind] in (talk.TOO_SMALL, talk.NO_SIGN) else "+"
                right.setdefault(kind, []).append(bool(hit[question == i].all()))
        return " ".join(f"{kind} {np.mean(hits):.3f}/{len(hits)}" for kind, hits in sorted(right.items()))


def encode(tower, x):
    return torch.cat([tower(pretrain.pixels(x[a:a + 64])) for a in range(0, len(x), 64)])


@torch.no_grad()
def seen(tower, view):
    """A picture with those of its features that selection may take, in half precision; its pixels are dropped."""
    hidden = encode(tower, view.x).half()
    view.x = None
    rows = -(-728 // len(hidden))
    return view, [h[-rows:].clone() for h in hidden[:-1]] + [hidden[-1].clone()]


class Shelf:
    """Pictures as they come, the latest of them kept with their features."""

    def __init__(self, make, seed, font_paths, kept):
        self.make, self.seed, self.font_paths, self.kept = make, seed, font_paths, kept
        self.made, self.pictures = 0, []

    def new(self, count):
        first = self.seed + self.made
        self.made += count
        return [self.make(first + i, self.font_paths) for i in range(count)]

    def fill(self, tower, count):
        """Until count pictures have been made."""
        while self.made < count:
            self.pictures.append(seen(tower, self.new(1)[0]))
            if len(self.pictures) > self.kept:
                self.pictures.pop(0)


def start(config, tower_file):
    net = model.McLlava(config)
    for name, p in net.named_parameters():
        if p.dim() > 1:
            nn.init.normal_(p, std=0.02 if "language" in name else math.sqrt(1 / p.shape[1]))
        elif name.endswith("bias"):
            nn.init.zeros_(p)
    pupil = pretrain.Pupil(config["vision_config"])
    pupil.load(tower_file)
    net.tower.load_state_dict(pupil.tower.state_dict())
    if "START" in os.environ:
        net.load_state_dict(torch.load(os.environ["START"]))
    pupil.tower = net.tower
    return net, pupil


def train(team, config, tower_file, out, seed, folders):
    font_paths = scenes.fonts(*folders)
    torch.manual_seed(1)
    net, pupil = start(config, tower_file)
    tower_rate = float(os.environ.get("TOWER_RATE", "0"))
    seed += 10_000_000 * team.rank
    rng = np.random.default_rng(seed)
    torch.manual_seed(seed)
    lesson = Lesson(net, seed)
    held = [views.whole(99_000_000 + i, font_paths) for i in range(100)] if team.rank == 0 else []
    few = Shelf(views.few, seed, font_paths, KEPT)
    whole = Shelf(views.whole, seed, font_paths, KEPT_FRESH if tower_rate else KEPT)
    singles = pretrain.Store(crops.stream(seed + 5_000_000, font_paths), 4096)

    seeing = list(net.tower.parameters())
    speaking = [p for name, p in net.named_parameters() if "vision_tower" not in name]
    helping = list(pupil.heads.parameters()) + list(pupil.reader.parameters())
    groups = [{"params": speaking, "part": 1.0}]
    if tower_rate:
        groups.append({"params": seeing + helping, "part": tower_rate})
    params = [p for group in groups for p in group["params"]]
    optimiser = torch.optim.AdamW(groups, lr=PEAK, weight_decay=0.03, betas=(0.9, 0.98))
    gone, step, losses = 0.0, 0, []
    while gone < 1:
        rate = PEAK * min(1, (step + 1) / 150) * (0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * gone)))
        for group in optimiser.param_groups:
            group["lr"] = rate * group["part"]
        if tower_rate:
            fresh = few.new(FEW)
            hidden = encode(net.tower, np.concatenate([view.x for view in fresh])).split([len(v.x) for v in fresh])
            pictures = list(zip(fresh, hidden))
        else:
            few.fill(net.tower, 20 + NEW_FEW * step)
            pictures = lesson.r.sample(few.pictures, FEW)
        whole.fill(net.tower, 2 + NEW_WHOLE * step)
        pictures += lesson.r.sample(whole.pictures, WHOLE)
        loss = lesson.loss(pictures)
        losses.append(float(loss))
        if tower_rate:
            loss = loss + 0.3 * pupil.loss(*singles.batch(rng, SINGLE), int(rng.choice(pretrain.LAST)), 0.3)
        optimiser.zero_grad()
        loss.backward()
        gone = min(1.0, team.step(params))
        nn.utils.clip_grad_norm_(params, 1.0)
        optimiser.step()
        step += 1
        if team.rank == 0 and (step % 200 == 0 or gone >= 1):
            pace = team.seconds() / step
            print(f"{gone:.2f} step {step} {pace:.2f} s/step loss {np.mean(losses[-200:]):.4f} {lesson.check(held)}",
                  flush=True)
            torch.save(net.state_dict(), out)
            pupil.save(out + ".tower")


if __name__ == "__main__":
    parallel.run(train, int(os.environ.get("WORKERS", "2")), float(sys.argv[4]), json.load(open(sys.argv[1])),
                 sys.argv[2], sys.argv[3], int(sys.argv[5]), sys.argv[6:])
