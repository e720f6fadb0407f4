package main

import (
	"fmt"
	"math"

	"github.com/mcllava/mcllava/internal/safetensors"
)

// normal is the distribution of a tensor's values.
type normal struct{ mean, deviation float64 }

// Deviations that keep activations near one through any number of layers.
var (
	weight = normal{0, 0.02}
	bias   = normal{0, 0.01}
	scale  = normal{1, 0.02} // of a LayerNorm
)

// residual is for the products that are added to the residual stream, two a
// layer.
func residual(layers int) normal {
	return normal{0, 0.02 / math.Sqrt(2*float64(layers))}
}

// list collects the tensors of a checkpoint, without their data.
type list struct {
	tensors []safetensors.Tensor
	of      map[string]normal
}

func (l *list) add(name string, n normal, shape ...int) {
	l.tensors = append(l.tensors, safetensors.Tensor{Name: name, DType: safetensors.F16, Shape: shape})
	l.of[name] = n
}

func (l *list) linear(name string, n normal, out, in int) {
	l.add(name+".weight", n, out, in)
	l.add(name+".bias", bias, out)
}

func (l *list) layerNorm(name string, size int) {
	l.add(name+".weight", scale, size)
	l.add(name+".bias", bias, size)
}

// describe lists every tensor of a checkpoint, those that MC-LLaVA does not use
// included.
func describe(c config) *list {
	l := &list{of: map[string]normal{}}
	l.language(c.Text)
	l.linear("multi_modal_projector.linear_1", weight, c.Text.Hidden, c.Vision.Hidden)
	l.linear("multi_modal_projector.linear_2", weight, c.Text.Hidden, c.Text.Hidden)
	l.linear("vision_model.coord_embed.0", normal{0, 0.5}, c.Vision.Hidden, 2)
	l.linear("vision_model.coord_embed.2", weight, c.Vision.Hidden, c.Vision.Hidden)
	l.vision(c.Vision)
	return l
}

func (l *list) language(c textConfig) {
	const model = "language_model.model."
	l.add(model+"embed_tokens.weight", weight, c.Vocab, c.Hidden)
	for i := range c.Layers {
		layer := fmt.Sprintf("%slayers.%d.", model, i)
		l.layerNorm(layer+"input_layernorm", c.Hidden)
		for _, name := range []string{"q_proj", "k_proj", "v_proj"} {
			l.linear(layer+"self_attn."+name, weight, c.Hidden, c.Hidden)
		}
		l.linear(layer+"self_attn.dense", residual(c.Layers), c.Hidden, c.Hidden)
		l.linear(layer+"mlp.fc1", weight, c.Intermediate, c.Hidden)
		l.linear(layer+"mlp.fc2", residual(c.Layers), c.Hidden, c.Intermediate)
	}
	l.layerNorm(model+"final_layernorm", c.Hidden)
	l.linear("language_model.lm_head", weight, c.Vocab, c.Hidden)
}

func (l *list) vision(c visionConfig) {
	const model = "vision_model.vision_tower.vision_model."
	side := c.Image / c.Patch
	l.add(model+"embeddings.patch_embedding.weight", weight, c.Hidden, c.Channels, c.Patch, c.Patch)
	l.add(model+"embeddings.patch_embedding.bias", bias, c.Hidden)
	l.add(model+"embeddings.position_embedding.weight", weight, side*side, c.Hidden)
	for i := range c.Layers {
		layer := fmt.Sprintf("%sencoder.layers.%d.", model, i)
		l.layerNorm(layer+"layer_norm1", c.Hidden)
		l.layerNorm(layer+"layer_norm2", c.Hidden)
		for _, name := range []string{"q_proj", "k_proj", "v_proj"} {
			l.linear(layer+"self_attn."+name, weight, c.Hidden, c.Hidden)
		}
		l.linear(layer+"self_attn.out_proj", residual(c.Layers), c.Hidden, c.Hidden)
		l.linear(layer+"mlp.fc1", weight, c.Intermediate, c.Hidden)
		l.linear(layer+"mlp.fc2", residual(c.Layers), c.Hidden, c.Intermediate)
	}
	l.layerNorm(model+"post_layernorm", c.Hidden)
	l.add(model+"head.probe", weight, 1, 1, c.Hidden)
	l.add(model+"head.attention.in_proj_weight", weight, 3*c.Hidden, c.Hidden)
	l.add(model+"head.attention.in_proj_bias", bias, 3*c.Hidden)
	l.linear(model+"head.attention.out_proj", weight, c.Hidden, c.Hidden)
	l.layerNorm(model+"head.layernorm", c.Hidden)
	l.linear(model+"head.mlp.fc1", weight, c.Intermediate, c.Hidden)
	l.linear(model+"head.mlp.fc2", weight, c.Hidden, c.Intermediate)
}
