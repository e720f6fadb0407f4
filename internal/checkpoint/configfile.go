package checkpoint

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"maps"
	"slices"

	"github.com/mcllava/mcllava/internal/modelfile"
)

// maxConfig is the most that is read of a file of settings, in bytes; the published ones take a kilobyte or two.
const maxConfig = 16 << 20

const configFile = "config.json"

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

// readConfig reads config.json, and how pictures are prepared where a file says so, from a checkpoint's folder.
func readConfig(folder fs.FS) (Config, error) {
	text, err := modelfile.Read(folder, configFile, maxConfig)
	if err != nil {
		return Config{}, err
	}
	c, err := parseConfig(text)
	if err != nil {
		return c, fmt.Errorf("%s: %w", configFile, err)
	}
	return c, c.checkPreprocessor(folder)
}

// parseConfig reads a config.json as transformers 4 or 5 writes it. The error names the field.
func parseConfig(text []byte) (Config, error) {
	c := defaultConfig()
	if err := refuseOtherNames(text); err != nil {
		return c, err
	}
	if err := modelfile.Unmarshal(text, &c); err != nil {
		return c, err
	}
	var more furtherConfig
	if err := modelfile.Unmarshal(text, &more); err != nil {
		return c, err
	}
	if err := more.apply(&c); err != nil {
		return c, err
	}
	if err := c.check(); err != nil {
		return c, err
	}
	return c, more.check(c)
}

// otherNames are keys that other models, libraries and versions use in the place of those that are read. A value under such a
// name would be passed over for a default.
var otherNames = map[string]map[string]string{
	"": {
		"llm_config": "text_config", "language_config": "text_config", "language_model_config": "text_config", "decoder_config": "text_config",
		"vision_tower_config": "vision_config", "vision_encoder_config": "vision_config", "visual_config": "vision_config", "image_config": "vision_config",
	},
	"text_config": {
		"n_embd": "hidden_size", "d_model": "hidden_size", "n_inner": "intermediate_size", "ffn_dim": "intermediate_size",
		"n_layer": "num_hidden_layers", "num_layers": "num_hidden_layers", "n_head": "num_attention_heads", "num_heads": "num_attention_heads",
		"n_head_kv": "num_key_value_heads", "rotary_dim": "partial_rotary_factor", "rotary_pct": "partial_rotary_factor",
		"rope_base": "rope_theta", "rotary_emb_base": "rope_theta", "activation_function": "hidden_act", "hidden_activation": "hidden_act",
		"n_positions": "max_position_embeddings", "n_ctx": "max_position_embeddings", "max_sequence_length": "max_position_embeddings",
		"seq_length": "max_position_embeddings", "layer_norm_epsilon": "layer_norm_eps", "norm_eps": "layer_norm_eps",
		"norm_epsilon": "layer_norm_eps", "rms_norm_eps": "layer_norm_eps",
	},
	"vision_config": {
		"embed_dim": "hidden_size", "width": "hidden_size", "mlp_dim": "intermediate_size", "depth": "num_hidden_layers",
		"num_layers": "num_hidden_layers", "num_heads": "num_attention_heads", "in_channels": "num_channels", "in_chans": "num_channels",
		"img_size": "image_size", "input_size": "image_size", "image_resolution": "image_size", "activation_function": "hidden_act",
		"hidden_activation": "hidden_act", "layer_norm_epsilon": "layer_norm_eps", "norm_eps": "layer_norm_eps",
	},
}

// refuseOtherNames returns an error that names a key which stands where another is read.
func refuseOtherNames(text []byte) error {
	for _, part := range slices.Sorted(maps.Keys(otherNames)) {
		var keys map[string]json.RawMessage
		if err := modelfile.Unmarshal(text, &keys); err != nil {
			return err
		}
		at := ""
		if part != "" {
			at = part + "."
			sub := keys[part]
			if keys = nil; json.Unmarshal(sub, &keys) != nil {
				continue // the error of what is read names the type
			}
		}
		for _, other := range slices.Sorted(maps.Keys(otherNames[part])) {
			name := otherNames[part][other]
			if _, ok := keys[other]; ok && keys[name] == nil {
				return fmt.Errorf("%s%s is not read, expected %s%s", at, other, at, name)
			}
		}
	}
	return nil
}

// furtherConfig is what config.json says besides Config: under names of transformers 5, and of what has one value here.
type furtherConfig struct {
	ImageToken   *int            `json:"image_token_id"`
	OldToken     *int            `json:"image_token_index"`
	Activation   *string         `json:"projector_hidden_act"`
	TokensPer    *int            `json:"projector_tokens_num"`
	Quantization json.RawMessage `json:"quantization_config"`
	Text         struct {
		Rotary     *float64        `json:"partial_rotary_factor"`
		Theta      *float64        `json:"rope_theta"`
		Parameters json.RawMessage `json:"rope_parameters"`
		Scaling    json.RawMessage `json:"rope_scaling"`
		HeadDim    *int            `json:"head_dim"`
		Tied       bool            `json:"tie_word_embeddings"`
	} `json:"text_config"`
	Vision struct {
		Tokens *int `json:"num_image_tokens"`
	} `json:"vision_config"`
}

// apply puts into c what stands under a name of transformers 5.
func (f *furtherConfig) apply(c *Config) error {
	if f.ImageToken != nil {
		if f.OldToken != nil && *f.OldToken != *f.ImageToken {
			return fmt.Errorf("image_token_id is %d and image_token_index %d, expected one of them", *f.ImageToken, *f.OldToken)
		}
		c.ImageToken = *f.ImageToken
	}
	t := f.Text
	for _, r := range []struct {
		field string
		text  json.RawMessage
	}{{"text_config.rope_parameters", t.Parameters}, {"text_config.rope_scaling", t.Scaling}} {
		rope, err := parseRope(r.field, r.text)
		if err != nil {
			return err
		}
		for _, v := range []struct {
			name     string
			flat, in *float64
			to       *float64
		}{{"rope_theta", t.Theta, rope.Theta, &c.Text.RopeTheta}, {"partial_rotary_factor", t.Rotary, rope.Rotary, &c.Text.Rotary}} {
			if v.in == nil {
				continue
			}
			if v.flat != nil && *v.flat != *v.in {
				return fmt.Errorf("%s.%s is %v and text_config.%s %v, expected one of them", r.field, v.name, *v.in, v.name, *v.flat)
			}
			*v.to = *v.in
		}
	}
	return nil
}

// rope is rope_parameters, or rope_scaling as it was called before transformers 5.
type rope struct {
	Type    *string  `json:"rope_type"`
	OldType *string  `json:"type"`
	Theta   *float64 `json:"rope_theta"`
	Rotary  *float64 `json:"partial_rotary_factor"`
}

// parseRope refuses every way of turning but the plain one.
func parseRope(field string, text json.RawMessage) (r rope, err error) {
	if text == nil || string(text) == "null" {
		return r, nil
	}
	var keys map[string]json.RawMessage
	if json.Unmarshal(text, &keys) != nil {
		return r, fmt.Errorf("%s is %s, expected an object or null", field, modelfile.Short(string(text)))
	}
	for _, name := range slices.Sorted(maps.Keys(keys)) {
		if keys[name][0] == '{' {
			return r, fmt.Errorf("%s.%s is an object for some of the layers, expected one for all", field, modelfile.Short(name))
		}
	}
	if err := modelfile.Unmarshal(text, &r); err != nil {
		return r, fmt.Errorf("%s: %w", field, err)
	}
	const plain = "default"
	for _, kind := range []struct {
		name string
		is   *string
	}{{"rope_type", r.Type}, {"type", r.OldType}} {
		if kind.is != nil && *kind.is != plain {
			return r, fmt.Errorf("%s.%s is %q, expected %q", field, kind.name, modelfile.Short(*kind.is), plain)
		}
	}
	return r, nil
}

// check refuses what the model has one value of, where the file has another.
func (f *furtherConfig) check(c Config) error {
	headDim, patches := c.Text.Hidden/c.Text.Heads, c.Encoder().Patches()
	switch t := f.Text; {
	case f.Activation != nil && *f.Activation != "gelu":
		return fmt.Errorf("projector_hidden_act is %q, expected %q", modelfile.Short(*f.Activation), "gelu")
	case f.TokensPer != nil && *f.TokensPer != 1:
		return fmt.Errorf("projector_tokens_num is %d, expected 1", *f.TokensPer)
	case f.Quantization != nil && string(f.Quantization) != "null":
		return fmt.Errorf("quantization_config is given, expected weights in float32, float16 or bfloat16")
	case t.HeadDim != nil && *t.HeadDim != headDim:
		return fmt.Errorf("text_config.head_dim is %d, expected the %d of hidden_size and num_attention_heads", *t.HeadDim, headDim)
	case t.Tied:
		return fmt.Errorf("text_config.tie_word_embeddings is true, expected false")
	case f.Vision.Tokens != nil && *f.Vision.Tokens != patches:
		return fmt.Errorf("vision_config.num_image_tokens is %d, expected the %d of image_size and patch_size", *f.Vision.Tokens, patches)
	}
	return nil
}
