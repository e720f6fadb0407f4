package main

// config is a checkpoint's config.json; its sizes decide the tensors.
type config struct {
	Architectures   []string     `json:"architectures"`
	ModelType       string       `json:"model_type"`
	ImageTokenIndex int          `json:"image_token_index"`
	IgnoreIndex     int          `json:"ignore_index"`
	ProjectorAct    string       `json:"projector_hidden_act"`
	ProjectorTokens int          `json:"projector_tokens_num"`
	VocabSize       int          `json:"vocab_size"`
	TorchDType      string       `json:"torch_dtype"`
	Text            textConfig   `json:"text_config"`
	Vision          visionConfig `json:"vision_config"`
}

type textConfig struct {
	ModelType     string  `json:"model_type"`
	Hidden        int     `json:"hidden_size"`
	Intermediate  int     `json:"intermediate_size"`
	Layers        int     `json:"num_hidden_layers"`
	Heads         int     `json:"num_attention_heads"`
	Positions     int     `json:"max_position_embeddings"`
	Vocab         int     `json:"vocab_size"`
	PartialRotary float64 `json:"partial_rotary_factor"`
	RopeTheta     float64 `json:"rope_theta"`
	Epsilon       float64 `json:"layer_norm_eps"`
	Act           string  `json:"hidden_act"`
	BOS           int     `json:"bos_token_id"`
	EOS           int     `json:"eos_token_id"`
}

type visionConfig struct {
	ModelType    string  `json:"model_type"`
	Hidden       int     `json:"hidden_size"`
	Intermediate int     `json:"intermediate_size"`
	Layers       int     `json:"num_hidden_layers"`
	Heads        int     `json:"num_attention_heads"`
	Image        int     `json:"image_size"`
	Patch        int     `json:"patch_size"`
	Channels     int     `json:"num_channels"`
	Epsilon      float64 `json:"layer_norm_eps"`
	Act          string  `json:"hidden_act"`
}

// mcLLaVA3B is the shape of visheratin/MC-LLaVA-3b: Phi-2 and SigLIP so400m/14
// at 384 pixels, 3.2 billion parameters.
func mcLLaVA3B() config {
	return config{
		Architectures:   []string{"LlavaForCausalLM"},
		ModelType:       "mc-llava",
		ImageTokenIndex: 50297,
		IgnoreIndex:     -100,
		ProjectorAct:    "gelu",
		ProjectorTokens: 1,
		VocabSize:       51200,
		TorchDType:      "float16",
		Text: textConfig{
			ModelType: "phi", Hidden: 2560, Intermediate: 10240, Layers: 32, Heads: 32,
			Positions: 2048, Vocab: 51200, PartialRotary: 0.4, RopeTheta: 10000,
			Epsilon: 1e-5, Act: "gelu_new", BOS: 50256, EOS: 50295,
		},
		Vision: visionConfig{
			ModelType: "siglip_vision_model", Hidden: 1152, Intermediate: 4304, Layers: 27, Heads: 16,
			Image: 384, Patch: 14, Channels: 3, Epsilon: 1e-6, Act: "gelu_pytorch_tanh",
		},
	}
}

// preprocessor is the preprocessor_config.json for crops of size × size.
func preprocessor(size int) map[string]any {
	return map[string]any{
		"image_processor_type": "SiglipImageProcessor",
		"do_resize":            true,
		"do_rescale":           true,
		"do_normalize":         true,
		"resample":             3,
		"rescale_factor":       1.0 / 255,
		"image_mean":           []float64{0.5, 0.5, 0.5},
		"image_std":            []float64{0.5, 0.5, 0.5},
		"size":                 map[string]int{"height": size, "width": size},
	}
}
