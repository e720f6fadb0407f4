package checkpoint

import (
	"fmt"

	"github.com/mcllava/mcllava/encoder"
	"github.com/mcllava/mcllava/internal/modelfile"
	"github.com/mcllava/mcllava/llm"
)

// ModelType is the model_type of every checkpoint that can be opened.
const ModelType = "mc-llava"

// Config is a checkpoint's config.json, with the published defaults where a key is missing.
type Config struct {
	ModelType  string       `json:"model_type"`
	ImageToken int          `json:"image_token_index"`
	Text       TextConfig   `json:"text_config"`
	Vision     VisionConfig `json:"vision_config"`

	// Abstentions are phrases of answers that say that nothing could be seen, which the published config.json does not have.
	Abstentions []string `json:"abstentions"`
}

// TextConfig is the decoder's part of config.json.
type TextConfig struct {
	ModelType    string  `json:"model_type"`
	Hidden       int     `json:"hidden_size"`
	Intermediate int     `json:"intermediate_size"`
	Layers       int     `json:"num_hidden_layers"`
	Heads        int     `json:"num_attention_heads"`
	KVHeads      *int    `json:"num_key_value_heads"`
	Rotary       float64 `json:"partial_rotary_factor"`
	RopeTheta    float64 `json:"rope_theta"`
	RopeScaling  any     `json:"rope_scaling"`
	QKNorm       bool    `json:"qk_layernorm"`
	Activation   string  `json:"hidden_act"`
	Context      int     `json:"max_position_embeddings"`
	Vocab        int     `json:"vocab_size"`
	Eps          float32 `json:"layer_norm_eps"`
}

// VisionConfig is the vision tower's part of config.json.
type VisionConfig struct {
	ModelType    string  `json:"model_type"`
	Hidden       int     `json:"hidden_size"`
	Intermediate int     `json:"intermediate_size"`
	Layers       int     `json:"num_hidden_layers"`
	Heads        int     `json:"num_attention_heads"`
	Channels     int     `json:"num_channels"`
	ImageSize    int     `json:"image_size"`
	PatchSize    int     `json:"patch_size"`
	Activation   string  `json:"hidden_act"`
	Eps          float32 `json:"layer_norm_eps"`
}

// defaultConfig has the values that the published implementation takes for missing keys.
func defaultConfig() Config {
	return Config{
		Text: TextConfig{
			ModelType: "phi", Hidden: 2048, Intermediate: 8192, Layers: 24, Heads: 32, Rotary: 0.5, RopeTheta: 10000,
			Activation: "gelu_new", Context: 2048, Vocab: 51200, Eps: 1e-5,
		},
		Vision: VisionConfig{
			ModelType: "siglip_vision_model", Hidden: 768, Intermediate: 3072, Layers: 12, Heads: 12, Channels: encoder.Channels,
			ImageSize: 224, PatchSize: 16, Activation: "gelu_pytorch_tanh", Eps: 1e-6,
		},
	}
}

// PublishedConfig is the shape of visheratin/MC-LLaVA-3b.
func PublishedConfig() Config {
	c := defaultConfig()
	c.ModelType, c.ImageToken = ModelType, 50297
	c.Text.Hidden, c.Text.Intermediate, c.Text.Layers, c.Text.Rotary = 2560, 10240, 32, 0.4
	c.Vision.Hidden, c.Vision.Intermediate, c.Vision.Layers, c.Vision.Heads = 1152, 4304, 27, 16
	c.Vision.ImageSize, c.Vision.PatchSize = 384, 14
	return c
}

// The bounds of what the arithmetic makes sense with, far beyond every real checkpoint.
const (
	largest      = 1 << 20 // of a width; keeps products of two of them within 64 bits
	largestTheta = 1e12
	largestEps   = 0.1
)

// check refuses what the model's arithmetic is not made for.
func (c Config) check() error {
	for _, f := range []struct{ field, got, want string }{
		{"model_type", c.ModelType, ModelType},
		{"text_config.model_type", c.Text.ModelType, "phi"},
		{"text_config.hidden_act", c.Text.Activation, "gelu_new"},
		{"vision_config.model_type", c.Vision.ModelType, "siglip_vision_model"},
		{"vision_config.hidden_act", c.Vision.Activation, "gelu_pytorch_tanh"},
	} {
		if f.got != f.want {
			return fmt.Errorf("%s is %q, expected %q", f.field, modelfile.Short(f.got), f.want)
		}
	}
	for _, f := range []struct {
		field string
		got   int
	}{
		{"text_config.hidden_size", c.Text.Hidden},
		{"text_config.intermediate_size", c.Text.Intermediate},
		{"text_config.num_hidden_layers", c.Text.Layers},
		{"text_config.num_attention_heads", c.Text.Heads},
		{"text_config.max_position_embeddings", c.Text.Context},
		{"text_config.vocab_size", c.Text.Vocab},
		{"vision_config.hidden_size", c.Vision.Hidden},
		{"vision_config.intermediate_size", c.Vision.Intermediate},
		{"vision_config.num_hidden_layers", c.Vision.Layers},
		{"vision_config.num_attention_heads", c.Vision.Heads},
		{"vision_config.image_size", c.Vision.ImageSize},
		{"vision_config.patch_size", c.Vision.PatchSize},
	} {
		if f.got < 1 || f.got > largest {
			return fmt.Errorf("%s is %d, expected 1 to %d", f.field, f.got, largest)
		}
	}
	switch t, v := c.Text, c.Vision; {
	case t.Hidden%t.Heads != 0:
		return fmt.Errorf("text_config.hidden_size is %d, expected a multiple of its %d heads", t.Hidden, t.Heads)
	case t.KVHeads != nil && *t.KVHeads != t.Heads:
		return fmt.Errorf("text_config.num_key_value_heads is %d, expected the %d of num_attention_heads", *t.KVHeads, t.Heads)
	case t.QKNorm:
		return fmt.Errorf("text_config.qk_layernorm is true, expected false")
	case !(t.Rotary > 0 && t.Rotary <= 1) || c.rotaryDims() < 2 || c.rotaryDims()%2 != 0:
		return fmt.Errorf("text_config.partial_rotary_factor is %v, expected an even share of the %d values of a head", t.Rotary, t.Hidden/t.Heads)
	case !(t.RopeTheta > 1 && t.RopeTheta <= largestTheta):
		return fmt.Errorf("text_config.rope_theta is %v, expected more than 1 and at most %v", t.RopeTheta, largestTheta)
	case !(t.Eps > 0 && t.Eps <= largestEps):
		return fmt.Errorf("text_config.layer_norm_eps is %v, expected more than 0 and at most %v", t.Eps, largestEps)
	case !(v.Eps > 0 && v.Eps <= largestEps):
		return fmt.Errorf("vision_config.layer_norm_eps is %v, expected more than 0 and at most %v", v.Eps, largestEps)
	case c.ImageToken < 0 || c.ImageToken >= t.Vocab:
		return fmt.Errorf("image_token_index is %d, expected 0 to %d", c.ImageToken, t.Vocab-1)
	case v.Hidden%v.Heads != 0:
		return fmt.Errorf("vision_config.hidden_size is %d, expected a multiple of its %d heads", v.Hidden, v.Heads)
	case v.Channels != encoder.Channels:
		return fmt.Errorf("vision_config.num_channels is %d, expected %d", v.Channels, encoder.Channels)
	case v.ImageSize < 2*v.PatchSize:
		return fmt.Errorf("vision_config.image_size is %d, expected at least two patches of %d", v.ImageSize, v.PatchSize)
	}
	return nil
}

// rotaryDims is the number of values of a head that carry the position.
func (c Config) rotaryDims() int { return int(c.Text.Rotary * float64(c.Text.Hidden/c.Text.Heads)) }

// Encoder is the shape of the vision tower and of the projector behind it.
func (c Config) Encoder() encoder.Config {
	v := c.Vision
	return encoder.Config{
		Hidden: v.Hidden, Intermediate: v.Intermediate, Layers: v.Layers, Heads: v.Heads,
		ImageSize: v.ImageSize, PatchSize: v.PatchSize, Eps: v.Eps, Projected: c.Text.Hidden,
	}
}

// Decoder is the shape of the decoder.
func (c Config) Decoder() llm.Config {
	t := c.Text
	return llm.Config{
		Hidden: t.Hidden, Intermediate: t.Intermediate, Layers: t.Layers, Heads: t.Heads, RotaryDims: c.rotaryDims(),
		RopeTheta: t.RopeTheta, Context: t.Context, Vocab: t.Vocab, Eps: t.Eps,
	}
}
