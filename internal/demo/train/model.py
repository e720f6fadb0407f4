"""MC-LLaVA in PyTorch under the published tensor names, at any size."""
import json
import math
import struct

import numpy as np
import torch
from torch import nn
import torch.nn.functional as F


def heads(x, n):
    """[B, T, D] to [B, n, T, D/n]."""
    b, t, d = x.shape
    return x.view(b, t, n, d // n).transpose(1, 2)


def unheads(x):
    """[B, n, T, D/n] to [B, T, D]."""
    b, n, t, d = x.shape
    return x.transpose(1, 2).reshape(b, t, n * d)


def attend(q, k, v, mask=None):
    scores = q @ k.transpose(-1, -2) / math.sqrt(q.shape[-1])
    if mask is not None:
        scores = scores + mask
    return torch.softmax(scores, -1) @ v


class VisionAttention(nn.Module):
    def __init__(self, d, n):
        super().__init__()
        self.n = n
        self.q_proj, self.k_proj, self.v_proj, self.out_proj = (nn.Linear(d, d) for _ in range(4))

    def forward(self, x):
        q, k, v = (heads(p(x), self.n) for p in (self.q_proj, self.k_proj, self.v_proj))
        return self.out_proj(unheads(attend(q, k, v)))


class MLP(nn.Module):
    def __init__(self, d, hidden):
        super().__init__()
        self.fc1, self.fc2 = nn.Linear(d, hidden), nn.Linear(hidden, d)

    def forward(self, x):
        return self.fc2(F.gelu(self.fc1(x), approximate="tanh"))


class VisionLayer(nn.Module):
    def __init__(self, c):
        super().__init__()
        d, eps = c["hidden_size"], c["layer_norm_eps"]
        self.layer_norm1, self.self_attn = nn.LayerNorm(d, eps=eps), VisionAttention(d, c["num_attention_heads"])
        self.layer_norm2, self.mlp = nn.LayerNorm(d, eps=eps), MLP(d, c["intermediate_size"])

    def forward(self, x):
        x = x + self.self_attn(self.layer_norm1(x))
        return x + self.mlp(self.layer_norm2(x))


class Tower(nn.Module):
    """[B, 3, S, S] in [-1, 1] to [B, T, Dv]: the last layer's output, before any final norm."""

    def __init__(self, c):
        super().__init__()
        d, patch = c["hidden_size"], c["patch_size"]
        self.embeddings = nn.Module()
        self.embeddings.patch_embedding = nn.Conv2d(3, d, patch, patch)
        self.embeddings.position_embedding = nn.Embedding((c["image_size"] // patch) ** 2, d)
        self.encoder = nn.Module()
        self.encoder.layers = nn.ModuleList(VisionLayer(c) for _ in range(c["num_hidden_layers"]))

    def forward(self, x):
        x = self.embeddings.patch_embedding(x).flatten(2).transpose(1, 2) + self.embeddings.position_embedding.weight
        for layer in self.encoder.layers:
            x = layer(x)
        return x


def rotate(x, positions, base, r):
    """Rotary embedding of the first r values of each head, rotate-half form. x [B, H, L, Dh], positions [L]."""
    angles = torch.outer(positions.float(), base ** (-torch.arange(0, r, 2, dtype=torch.float32) / r))
    angles = torch.cat([angles, angles], -1)
    turned, rest = x[..., :r], x[..., r:]
    half = torch.cat([-turned[..., r // 2:], turned[..., :r // 2]], -1)
    return torch.cat([turned * angles.cos() + half * angles.sin(), rest], -1)


class TextAttention(nn.Module):
    def __init__(self, c):
        super().__init__()
        d = c["hidden_size"]
        self.n, self.base = c["num_attention_heads"], c["rope_theta"]
        self.rotary = int(c["partial_rotary_factor"] * (d // self.n))
        self.q_proj, self.k_proj, self.v_proj, self.dense = (nn.Linear(d, d) for _ in range(4))

    def forward(self, x, positions, mask, past):
        q, k, v = (heads(p(x), self.n) for p in (self.q_proj, self.k_proj, self.v_proj))
        q, k = (rotate(t, positions, self.base, self.rotary) for t in (q, k))
        if past:
            k, v = torch.cat([past[0], k], 2), torch.cat([past[1], v], 2)
        return self.dense(unheads(attend(q, k, v, mask))), (k, v)


class TextLayer(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.input_layernorm = nn.LayerNorm(c["hidden_size"], eps=c["layer_norm_eps"])
        self.self_attn, self.mlp = TextAttention(c), MLP(c["hidden_size"], c["intermediate_size"])

    def forward(self, x, positions, mask, past):
        h = self.input_layernorm(x)
        attention, past = self.self_attn(h, positions, mask, past)
        return x + attention + self.mlp(h), past


class Phi(nn.Module):
    def __init__(self, c):
        super().__init__()
        d = c["hidden_size"]
        self.model = nn.Module()
        self.model.embed_tokens = nn.Embedding(c["vocab_size"], d)
        self.model.layers = nn.ModuleList(TextLayer(c) for _ in range(c["num_hidden_layers"]))
        self.model.final_layernorm = nn.LayerNorm(d, eps=c["layer_norm_eps"])
        self.lm_head = nn.Linear(d, c["vocab_size"])

    def embed(self, ids):
        return self.model.embed_tokens(torch.tensor(ids))

    def forward(self, x, positions, mask=None, past=None):
        """Embeddings [B, L, D] at positions [L] to the last layer's normed output, and each layer's keys and values."""
        kept = []
        for i, layer in enumerate(self.model.layers):
            x, kv = layer(x, positions, mask, past[i] if past else None)
            kept.append(kv)
        return self.model.final_layernorm(x), kept


class McLlava(nn.Module):
    def __init__(self, config):
        super().__init__()
        vision, text = config["vision_config"], config["text_config"]
        dv, d = vision["hidden_size"], text["hidden_size"]
        self.config = config
        self.vision_model = nn.Module()
        self.vision_model.vision_tower = nn.Module()
        self.vision_model.vision_tower.vision_model = Tower(vision)
        self.vision_model.coord_embed = nn.Sequential(nn.Linear(2, dv), nn.GELU(), nn.Linear(dv, dv))
        self.multi_modal_projector = nn.Module()
        self.multi_modal_projector.linear_1 = nn.Linear(dv, d)
        self.multi_modal_projector.linear_2 = nn.Linear(d, d)
        self.language_model = Phi(text)

    @property
    def tower(self):
        return self.vision_model.vision_tower.vision_model

    def select(self, hidden, coords, n):
        """M crops' tower output (the last rows of each, first to last; a list of [<=T, Dv]) and coordinates [M, 2] to
        at most n image features: the last n // M of each crop, in the last crop what is left; never a crop's first."""
        m, places = len(hidden), self.vision_model.coord_embed(coords)
        features = []
        for i in range(m):
            take = n // m if i < m - 1 else n - n // m * (m - 1)
            features.append(hidden[i][-min(take, self.features_per_crop):] + places[i])
        return torch.cat(features)

    @property
    def features_per_crop(self):
        c = self.config["vision_config"]
        return (c["image_size"] // c["patch_size"]) ** 2 - 1

    def project(self, features):
        return self.multi_modal_projector.linear_2(F.gelu(self.multi_modal_projector.linear_1(features)))

    def merge(self, projected, ids):
        """The prompt's embeddings with the image's features in the image token's place."""
        embedded = self.language_model.embed(ids)
        at = ids.index(self.config["image_token_index"])
        return torch.cat([embedded[:at], projected, embedded[at + 1:]])

    @torch.no_grad()
    def generate(self, merged, steps, eos):
        """Greedy token ids from one merged prompt [L, D], and the smallest gap between first and second logit."""
        length, lm = len(merged), self.language_model
        mask = torch.full((length, length), float("-inf")).triu(1)
        h, past = lm(merged[None], torch.arange(length), mask)
        ids, gap = [], float("inf")
        for at in range(length, length + steps):
            best, at_best = lm.lm_head(h[0, -1]).topk(2)
            token, gap = int(at_best[0]), min(gap, float(best[0] - best[1]))
            if token == eos:
                break
            ids.append(token)
            h, past = lm(lm.embed([[token]]), torch.tensor([at]), None, past)
        return ids, gap


def load_safetensors(path):
    """F16 tensors by name, as float32."""
    raw = open(path, "rb").read()
    size = struct.unpack("<Q", raw[:8])[0]
    out = {}
    for name, entry in json.loads(raw[8:8 + size]).items():
        if name != "__metadata__":
            assert entry["dtype"] == "F16", name
            begin, end = (8 + size + at for at in entry["data_offsets"])
            values = np.frombuffer(raw[begin:end], np.float16).astype(np.float32)
            out[name] = torch.from_numpy(values.reshape(entry["shape"]))
    return out


def save_safetensors(path, tensors):
    """Writes tensors as F16."""
    head, blobs, at = {"__metadata__": {"format": "pt"}}, [], 0
    for name in sorted(tensors):
        blob = tensors[name].detach().numpy().astype(np.float16).tobytes()
        head[name] = {"dtype": "F16", "shape": list(tensors[name].shape), "data_offsets": [at, at + len(blob)]}
        at += len(blob)
        blobs.append(blob)
    text = json.dumps(head, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as f:
        f.write(struct.pack("<Q", len(text)) + text + b"".join(blobs))
