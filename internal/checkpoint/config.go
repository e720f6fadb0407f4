package checkpoint

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"

	"github.com/mcllava/mcllava/encoder"
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

// ReadConfig reads the shape of a checkpoint without its weights; of the embedded one if the folder is "" or Demo.
func ReadConfig(folder string) (Config, error) {
	files, name, err := find(folder)
	if err != nil {
		return Config{}, err
	}
	c, err := readConfig(files)
	if err != nil {
		return c, fmt.Errorf("%s: %w", name, err)
	}
	return c, nil
}

// readConfig reads config.json, and preprocessor_config.json where there is one, from a checkpoint's folder.
func readConfig(folder fs.FS) (Config, error) {
	c := defaultConfig()
	if err := readJSON(folder, "config.json", &c); err != nil {
		return c, err
	}
	if err := c.check(); err != nil {
		return c, fmt.Errorf("config.json: %w", err)
	}
	if err := c.checkPreprocessor(folder); err != nil {
		return c, fmt.Errorf("preprocessor_config.json: %w", err)
	}
	return c, nil
}

func readJSON(folder fs.FS, name string, v any) error {
	text, err := fs.ReadFile(folder, name)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(text, v); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return nil
}

// largest is far above every real width, and keeps products of two of them within 64 bits.
const largest = 1 << 20

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
			return fmt.Errorf("%s is %q, expected %q", f.field, f.got, f.want)
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
	case t.RopeScaling != nil:
		return fmt.Errorf("text_config.rope_scaling is %v, expected null", t.RopeScaling)
	case t.QKNorm:
		return fmt.Errorf("text_config.qk_layernorm is true, expected false")
	case !(t.Rotary > 0 && t.Rotary <= 1) || c.rotaryDims()%2 != 0:
		return fmt.Errorf("text_config.partial_rotary_factor is %v, expected an even share of the %d values of a head", t.Rotary, t.Hidden/t.Heads)
	case !(t.RopeTheta > 0):
		return fmt.Errorf("text_config.rope_theta is %v, expected more than 0", t.RopeTheta)
	case !(t.Eps > 0 && v.Eps > 0):
		return fmt.Errorf("layer_norm_eps is %v in text_config and %v in vision_config, expected more than 0", t.Eps, v.Eps)
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

// checkPreprocessor refuses pictures prepared in another way than crop.Pixels does.
func (c Config) checkPreprocessor(folder fs.FS) error {
	var p struct {
		Mean     []float64 `json:"image_mean"`
		Std      []float64 `json:"image_std"`
		Resample *int      `json:"resample"`
		Size     struct {
			Height *int `json:"height"`
			Width  *int `json:"width"`
		} `json:"size"`
	}
	const name = "preprocessor_config.json"
	err := readJSON(folder, name, &p)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	for _, v := range append(p.Mean, p.Std...) {
		if v != 0.5 {
			return fmt.Errorf("image_mean and image_std hold %v, expected 0.5", v)
		}
	}
	const bicubic = 3
	if p.Resample != nil && *p.Resample != bicubic {
		return fmt.Errorf("resample is %d, expected %d (bicubic)", *p.Resample, bicubic)
	}
	for _, side := range []*int{p.Size.Height, p.Size.Width} {
		if side != nil && *side != c.Vision.ImageSize {
			return fmt.Errorf("size is %d, expected the %d of vision_config.image_size", *side, c.Vision.ImageSize)
		}
	}
	return nil
}

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
