"""Several single-threaded processes that train one model: each makes its own data, gradients are averaged every step.

Small matrices gain next to nothing from a second thread, so one process a core is about twice as fast.
"""
import time

import torch
import torch.multiprocessing as mp


class Team:
    """One process's place among its fellows."""

    def __init__(self, rank, size, shared, barrier, minutes):
        self.rank, self.size, self.shared, self.barrier = rank, size, shared, barrier
        self.start, self.minutes = time.time(), minutes

    def seconds(self):
        return time.time() - self.start

    def step(self, params):
        """Makes every gradient the mean over the processes; returns how much of the time is gone, alike in all."""
        at = 0
        mine = self.shared[self.rank]
        mine[-1] = self.seconds() / 60 / self.minutes
        for p in params:
            mine[at:at + p.numel()] = 0 if p.grad is None else p.grad.reshape(-1)
            at += p.numel()
        self.barrier.wait()
        mean = self.shared.mean(0)
        self.barrier.wait()
        at = 0
        for p in params:
            p.grad = mean[at:at + p.numel()].view_as(p).clone()
            at += p.numel()
        return float(mean[-1])


def _member(rank, size, shared, barrier, minutes, body, args):
    torch.set_num_threads(1)
    body(Team(rank, size, shared, barrier, minutes), *args)


def run(body, size, minutes, *args):
    """body(team, *args) in `size` processes; parameters below 4 million values."""
    shared = torch.zeros(size, 4_000_000).share_memory_()
    barrier = mp.get_context("spawn").Barrier(size, timeout=600)
    mp.spawn(_member, (size, shared, barrier, minutes, body, args), nprocs=size)
