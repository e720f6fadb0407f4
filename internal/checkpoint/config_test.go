package checkpoint

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/mcllava/mcllava/internal/modelfile"
)

const mini = "../../testdata/mini"

// changed is a JSON object with other values at paths such as text_config.hidden_size; a nil value takes the key away.
func changed(t *testing.T, text []byte, changes map[string]any) []byte {
	t.Helper()
	var object map[string]any
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	if err := d.Decode(&object); err != nil {
		t.Fatal(err)
	}
	for path, value := range changes {
		at, name := object, path
		if part, key, ok := strings.Cut(path, "."); ok {
			at, name = object[part].(map[string]any), key
		}
		if at[name] = value; value == nil {
			delete(at, name)
		}
	}
	text, err := json.Marshal(object)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// TestRotaryParameters reads what transformers 4 and 5 write of one model; the share of a head that turns decides the logits.
func TestRotaryParameters(t *testing.T) {
	type object = map[string]any
	text := read(t, "../../testdata/cases/config-rope-parameters/config.json")
	for name, change := range map[string]map[string]any{
		"as transformers 5 writes it": {},
		"as transformers 4 writes it": {"text_config.rope_parameters": nil, "text_config.partial_rotary_factor": 0.4, "text_config.rope_theta": 10000},
		"both, alike":                 {"text_config.partial_rotary_factor": 0.4, "text_config.rope_theta": 10000.0},
		"split":                       {"text_config.rope_parameters": object{"rope_type": "default", "rope_theta": 10000}, "text_config.partial_rotary_factor": 0.4},
		"scaling of the plain type":   {"text_config.rope_parameters": nil, "text_config.rope_scaling": object{"type": "default"}, "text_config.partial_rotary_factor": 0.4},
		"under the older name":        {"text_config.rope_parameters": nil, "text_config.rope_scaling": object{"rope_type": "default", "partial_rotary_factor": 0.4}},
	} {
		c, err := parseConfig(changed(t, text, change))
		if err != nil || c.Text.Rotary != 0.4 || c.Text.RopeTheta != 10000 || c.Decoder().RotaryDims != 8 {
			t.Errorf("%s: %v, factor %v, theta %v, want 0.4 and 10000", name, err, c.Text.Rotary, c.Text.RopeTheta)
		}
	}
	c, err := parseConfig(changed(t, text, map[string]any{"text_config.rope_parameters": object{"rope_theta": 5e5, "partial_rotary_factor": 0.6}}))
	if err != nil || c.Text.Rotary != 0.6 || c.Text.RopeTheta != 5e5 {
		t.Errorf("%v, factor %v, theta %v, want 0.6 and 500000", err, c.Text.Rotary, c.Text.RopeTheta)
	}
}

func TestConfigRefuses(t *testing.T) {
	type object = map[string]any
	text := read(t, filepath.Join(mini, "config.json"))
	long := strings.Repeat("x", 1<<20)
	for say, change := range map[string]map[string]any{
		`text_config.rope_parameters.rope_type is "yarn", expected "default"`:                               {"text_config.rope_parameters": object{"rope_type": "yarn"}},
		`text_config.rope_scaling.type is "linear", expected "default"`:                                     {"text_config.rope_scaling": object{"type": "linear", "factor": 2}},
		`text_config.rope_scaling is 2, expected an object or null`:                                         {"text_config.rope_scaling": 2},
		`text_config.rope_parameters.full_attention is an object for some of the layers`:                    {"text_config.rope_parameters": object{"full_attention": object{"rope_type": "default"}}},
		`text_config.rope_parameters.rope_theta is 5 and text_config.rope_theta 10000`:                      {"text_config.rope_parameters": object{"rope_theta": 5}},
		`text_config.rope_parameters: rope_theta: found a string, expected a number`:                        {"text_config.rope_parameters": object{"rope_theta": "1"}},
		`text_config.rope_theta is 1e-300, expected more than 1`:                                            {"text_config.rope_theta": 1e-300},
		`text_config.rope_theta is 1e+300, expected more than 1 and at most 1e+12`:                          {"text_config.rope_theta": 1e300},
		`text_config.rope_theta is 0,`:                                                                      {"text_config.rope_theta": 0},
		`text_config.partial_rotary_factor is 1e-09`:                                                        {"text_config.partial_rotary_factor": 1e-9},
		`text_config.partial_rotary_factor is 0.25, expected an even share of the 20`:                       {"text_config.partial_rotary_factor": 0.25},
		`text_config.layer_norm_eps is 1e+20`:                                                               {"text_config.layer_norm_eps": 1e20},
		`vision_config.layer_norm_eps is 0`:                                                                 {"vision_config.layer_norm_eps": 0},
		`text_config.hidden_size: found a string, expected a whole number`:                                  {"text_config.hidden_size": "80"},
		`text_config: found an array, expected an object`:                                                   {"text_config": []int{}},
		`text_config.n_head is not read, expected text_config.num_attention_heads`:                          {"text_config.num_attention_heads": nil, "text_config.n_head": 4},
		`text_config.layer_norm_epsilon is not read, expected text_config.layer_norm_eps`:                   {"text_config.layer_norm_eps": nil, "text_config.layer_norm_epsilon": 1e-5},
		`vision_config.img_size is not read, expected vision_config.image_size`:                             {"vision_config.image_size": nil, "vision_config.img_size": 56},
		`llm_config is not read, expected text_config`:                                                      {"text_config": nil, "llm_config": object{}},
		`image_token_id is 7 and image_token_index 479`:                                                     {"image_token_id": 7},
		`projector_hidden_act is "relu", expected "gelu"`:                                                   {"projector_hidden_act": "relu"},
		`projector_tokens_num is 2, expected 1`:                                                             {"projector_tokens_num": 2},
		`quantization_config is given`:                                                                      {"quantization_config": object{"load_in_4bit": true}},
		`text_config.head_dim is 64, expected the 20`:                                                       {"text_config.head_dim": 64},
		`text_config.tie_word_embeddings is true`:                                                           {"text_config.tie_word_embeddings": true},
		`vision_config.num_image_tokens is 256, expected the 16`:                                            {"vision_config.num_image_tokens": 256},
		`text_config.num_hidden_layers is 0, expected 1 to`:                                                 {"text_config.num_hidden_layers": 0},
		`text_config.num_key_value_heads is 2, expected the 4 of num_attention_heads`:                       {"text_config.num_key_value_heads": 2},
		`model_type is "` + long[:120] + `…", expected "mc-llava"`:                                          {"model_type": long},
		`text_config.rope_parameters.rope_type is "` + long[:120] + `…"`:                                    {"text_config.rope_parameters": object{"rope_type": long}},
		`text_config.rope_parameters.` + long[:120] + `… is an object for some of the layers, expected one`: {"text_config.rope_parameters": object{long: object{}}},
	} {
		_, err := parseConfig(changed(t, text, change))
		if err == nil || !strings.Contains(err.Error(), say) || len(err.Error()) > 300 {
			t.Errorf("%.400v, want «%s»", err, say)
		}
	}
}

func TestConfigOfNewerNames(t *testing.T) {
	c, err := parseConfig(changed(t, read(t, filepath.Join(mini, "config.json")), map[string]any{
		"image_token_index": nil, "image_token_id": 479, "torch_dtype": nil, "dtype": "float32", "text_config.head_dim": 20,
		"vision_config.num_image_tokens": 16, "quantization_config": nil, "text_config.tie_word_embeddings": false,
	}))
	if err != nil || c.ImageToken != 479 {
		t.Errorf("%v, image token %d, want 479", err, c.ImageToken)
	}
}

func TestPreprocessor(t *testing.T) {
	type object = map[string]any
	config, text := read(t, filepath.Join(mini, "config.json")), read(t, filepath.Join(mini, "preprocessor_config.json"))
	const accepted = ""
	for _, c := range []struct {
		change map[string]any
		say    string
	}{
		{object{}, accepted},
		{object{"size": 56}, accepted},
		{object{"size": []int{56, 56}}, accepted},
		{object{"size": object{"height": 56}}, accepted},
		{object{"image_mean": 0.5, "image_std": nil, "resample": "bicubic", "rescale_factor": 0.00392157}, accepted},
		{object{"do_center_crop": true, "crop_size": object{"height": 56, "width": 56}}, accepted},
		{object{"do_center_crop": false, "crop_size": 224, "do_pad": false}, accepted},
		{object{"do_normalize": false}, "do_normalize is false, expected true"},
		{object{"do_rescale": false}, "do_rescale is false, expected true"},
		{object{"do_resize": false}, "do_resize is false, expected true"},
		{object{"do_resize": "no"}, "do_resize: found a string, expected true or false"},
		{object{"do_pad": true}, "do_pad is true, expected false"},
		{object{"do_center_crop": true, "crop_size": 40}, "crop_size.height is 40, expected the 56"},
		{object{"rescale_factor": 1.0}, "rescale_factor is 1, expected 1/255"},
		{object{"rescale_factor": 1.0 / 256}, "rescale_factor is 0.00390625, expected 1/255"},
		{object{"image_mean": []float64{0.48, 0.45, 0.4}}, "image_mean holds 0.48, expected 0.5"},
		{object{"image_std": 0.25}, "image_std holds 0.25, expected 0.5"},
		{object{"image_std": []float64{0.5}}, "image_std is [0.5], expected 0.5 for each of the 3 colours"},
		{object{"image_mean": "half"}, `image_mean is "half", expected 0.5`},
		{object{"resample": 2}, "resample is 2, expected 3 (bicubic)"},
		{object{"resample": "bilinear"}, `resample is "bilinear", expected 3 (bicubic)`},
		{object{"size": 57}, "size.height is 57, expected the 56 of vision_config.image_size"},
		{object{"size": "56"}, `size is "56", expected the 56`},
		{object{"size": []int{56}}, "size is [56], expected the 56"},
		{object{"size": object{"height": 56, "width": 384}}, "size.width is 384, expected the 56"},
		{object{"size": object{"height": "56"}}, `size.height is "56", expected the 56`},
		{object{"size": object{"shortest_edge": 56}}, "size.shortest_edge is 56, expected height and width of 56"},
		{object{"size": strings.Repeat("x", 1<<20)}, "xxx…, expected the 56"},
	} {
		whole := changed(t, text, c.change)
		for file, content := range map[string][]byte{
			preprocessorFile: whole,
			processorFile:    []byte(`{"image_processor":` + string(whole) + `,"processor_class":"LlavaProcessor"}`),
		} {
			_, err := readConfig(fstest.MapFS{configFile: {Data: config}, file: {Data: content}})
			switch {
			case c.say == accepted && err != nil:
				t.Errorf("%s, %v: %v", file, c.change, err)
			case c.say != accepted && (err == nil || !strings.HasPrefix(err.Error(), file) || !strings.Contains(err.Error(), c.say) || len(err.Error()) > 300):
				t.Errorf("%s: %.400v, want «%s»", file, err, c.say)
			}
		}
	}
	for file, say := range map[string]string{"pp_no_normalize.json": "do_normalize is false, expected true", "size-int.json": accepted} {
		_, err := readConfig(fstest.MapFS{configFile: {Data: config}, preprocessorFile: {Data: read(t, "../../testdata/cases/preprocessor-ignored/"+file)}})
		if say == accepted && err != nil || say != accepted && (err == nil || !strings.Contains(err.Error(), say)) {
			t.Errorf("%s: %v, want «%s»", file, err, say)
		}
	}
}

// TestFilesOfSettings has each file that is read in the place of which stands something else.
func TestFilesOfSettings(t *testing.T) {
	pointer := read(t, "../../testdata/cases/lfs-pointer/model.safetensors")
	for _, name := range []string{configFile, preprocessorFile, processorFile, "tokenizer.json", "tokenizer_config.json", "model.safetensors"} {
		for what, c := range map[string]struct {
			put func(path string) error
			say error
		}{
			"folder":  {func(path string) error { return os.Mkdir(path, 0o700) }, modelfile.ErrNotRegular},
			"device":  {func(path string) error { return os.Symlink("/dev/zero", path) }, modelfile.ErrNotRegular},
			"pointer": {func(path string) error { return os.WriteFile(path, pointer, 0o600) }, modelfile.ErrPointer},
		} {
			folder := t.TempDir()
			if err := os.CopyFS(folder, os.DirFS(mini)); err != nil {
				t.Fatal(err)
			}
			path := filepath.Join(folder, name)
			if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
				t.Fatal(err)
			}
			if err := c.put(path); err != nil {
				t.Skip(err)
			}
			open := func() error {
				c, err := Open(folder)
				if err != nil {
					return err
				}
				defer c.Close()
				_, _, err = c.Tokenizer()
				return err
			}
			if err := open(); !errors.Is(err, c.say) || !strings.Contains(err.Error(), name) {
				t.Errorf("%s as a %s: %v, want «%v»", name, what, err, c.say)
			}
		}
	}
	large := fstest.MapFS{configFile: {Data: bytes.Repeat([]byte(" "), maxConfig+1)}}
	if _, err := readConfig(large); err == nil || !strings.Contains(err.Error(), "config.json: more than the 16 MB") {
		t.Errorf("a file without end: %v", err)
	}
}

// FuzzConfig wants no panic and a short error of a config.json and a preprocessor_config.json, and of what is accepted a shape that
// the arithmetic can do.
func FuzzConfig(f *testing.F) {
	for _, name := range []string{mini, "../../internal/demo/checkpoint"} {
		config, err := os.ReadFile(filepath.Join(name, configFile))
		if err != nil {
			f.Fatal(err)
		}
		prepare, err := os.ReadFile(filepath.Join(name, preprocessorFile))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(config, prepare)
	}
	f.Add([]byte(`{"text_config":{"rope_parameters":{"rope_type":null,"rope_theta":1e400}}}`), []byte(`{"size":[1,2,3]}`))
	f.Fuzz(func(t *testing.T, config, prepare []byte) {
		c, err := readConfig(fstest.MapFS{configFile: {Data: config}, preprocessorFile: {Data: prepare}})
		if err != nil {
			if len(err.Error()) > 1000 || strings.Contains(err.Error(), "\n") || strings.Contains(err.Error(), "Go ") {
				t.Errorf("an error of %d bytes: %.300s", len(err.Error()), err)
			}
			return
		}
		if d := c.Decoder(); d.RotaryDims < 2 || d.RotaryDims > d.Hidden/d.Heads || d.Hidden%d.Heads != 0 || c.Encoder().Patches() < 4 {
			t.Errorf("accepted: %+v", c)
		}
	})
}
