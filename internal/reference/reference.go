// Package reference reads the recorded runs of the published implementation on the small checkpoints in testdata, for the tests
// of the model's parts.
package reference

import (
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"testing"

	"gonum.org/v1/gonum/blas/blas32"

	"github.com/mcllava/mcllava/internal/safetensors"
)

// Case is one recorded run: its knobs, its answer and, by Stage, what passed between the parts.
type Case struct {
	Name        string // folder and file, for messages
	Folder      string // of the checkpoint
	Picture     string // path of the picture
	Question    string
	Prompt      string
	InputIDs    []int `json:"input_ids"`
	MaxCrops    int   `json:"max_crops"`
	NumTokens   int   `json:"num_tokens"`
	Crops       int
	ImageTokens int   `json:"image_tokens"`
	Tokens      []int `json:"greedy_tokens"`
	Image, Case string
	Shape       Shape

	stages *safetensors.Checkpoint
}

// Shape is what the parts need to know of config.json.
type Shape struct {
	Text struct {
		Hidden       int     `json:"hidden_size"`
		Intermediate int     `json:"intermediate_size"`
		Layers       int     `json:"num_hidden_layers"`
		Heads        int     `json:"num_attention_heads"`
		Rotary       float64 `json:"partial_rotary_factor"`
		Theta        float64 `json:"rope_theta"`
		Vocab        int     `json:"vocab_size"`
		Context      int     `json:"max_position_embeddings"`
		Eps          float32 `json:"layer_norm_eps"`
	} `json:"text_config"`
	Vision struct {
		Hidden       int     `json:"hidden_size"`
		Intermediate int     `json:"intermediate_size"`
		Layers       int     `json:"num_hidden_layers"`
		Heads        int     `json:"num_attention_heads"`
		ImageSize    int     `json:"image_size"`
		PatchSize    int     `json:"patch_size"`
		Eps          float32 `json:"layer_norm_eps"`
	} `json:"vision_config"`
	ImageToken int `json:"image_token_index"`
}

// Cases reads all recorded runs below the testdata folder.
func Cases(t *testing.T, testdata string) []Case {
	t.Helper()
	var all []Case
	for _, name := range []string{"mini", "mini-f16-sharded"} {
		folder := filepath.Join(testdata, name)
		var cases []Case
		readJSON(t, filepath.Join(folder, "cases.json"), &cases)
		for _, c := range cases {
			c.Name, c.Folder, c.Picture = name+"/"+c.Case, folder, filepath.Join(testdata, "images", c.Image)
			readJSON(t, filepath.Join(folder, "config.json"), &c.Shape)
			stages, err := safetensors.Open(filepath.Join(folder, c.Case))
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = stages.Close() })
			c.stages = stages
			all = append(all, c)
		}
	}
	return all
}

// Open maps the weights of the case's checkpoint.
func (c Case) Open(t *testing.T) *safetensors.Checkpoint {
	t.Helper()
	w, err := safetensors.OpenFolder(c.Folder)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = w.Close() })
	return w
}

// Has says whether the stage was recorded; pixels are not for runs of many crops.
func (c Case) Has(stage string) bool {
	_, ok := c.stages.Tensor(stage)
	return ok
}

// Stage is a recorded tensor as a matrix: its last dimension is the columns, the product of the others the rows.
func (c Case) Stage(t *testing.T, name string) blas32.General {
	t.Helper()
	s, ok := c.stages.Tensor(name)
	if !ok {
		t.Fatalf("%s has no stage %s", c.Name, name)
	}
	v := make([]float32, s.Elements())
	if err := s.Float32s(v); err != nil {
		t.Fatal(err)
	}
	cols := s.Shape[len(s.Shape)-1]
	return blas32.General{Rows: len(v) / cols, Cols: cols, Stride: cols, Data: v}
}

// Pixels are the recorded pixel_values, [M, 3·S·S].
func (c Case) Pixels(t *testing.T) blas32.General {
	t.Helper()
	p := c.Stage(t, "pixel_values")
	n := len(p.Data) / c.Crops
	return blas32.General{Rows: c.Crops, Cols: n, Stride: n, Data: p.Data}
}

// Keep is the number of features that each crop gives, T patches a crop.
func (c Case) Keep(patches int) []int {
	keep := make([]int, c.Crops)
	for i := range keep {
		keep[i] = min(c.NumTokens/c.Crops, patches-1)
	}
	keep[c.Crops-1] = min(c.NumTokens-c.NumTokens/c.Crops*(c.Crops-1), patches-1)
	return keep
}

// Check fails the test, naming the stage, unless ‖got − want‖ / ‖want‖ is at most tolerance.
func Check(t *testing.T, stage string, got, want blas32.General, tolerance float64) {
	t.Helper()
	if got.Rows != want.Rows || got.Cols != want.Cols {
		t.Fatalf("%s: [%d, %d], want [%d, %d]", stage, got.Rows, got.Cols, want.Rows, want.Cols)
	}
	var difference, size float64
	for i := range want.Rows {
		for j := range want.Cols {
			g, w := float64(got.Data[i*got.Stride+j]), float64(want.Data[i*want.Stride+j])
			difference += (g - w) * (g - w)
			size += w * w
		}
	}
	if e := math.Sqrt(difference / size); !(e <= tolerance) {
		t.Fatalf("%s is the first stage that is off: relative error %.2e, at most %.0e expected", stage, e, tolerance)
	}
}

func readJSON(t *testing.T, path string, v any) {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, v); err != nil {
		t.Fatalf("%s: %v", path, err)
	}
}
