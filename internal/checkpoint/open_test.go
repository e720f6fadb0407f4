package checkpoint

import (
	"encoding/binary"
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/mcllava/mcllava/internal/tensor"
)

// copyOf is a copy of a checkpoint that a test may change.
func copyOf(t *testing.T, folder string) string {
	t.Helper()
	to := t.TempDir()
	if err := os.CopyFS(to, os.DirFS(folder)); err != nil {
		t.Fatal(err)
	}
	return to
}

func write(t *testing.T, path string, data []byte) {
	t.Helper()
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
}

// reshape gives every tensor of a packed file the shape and the length that change returns, and leaves its metadata as they are.
func reshape(t *testing.T, data []byte, name string, values int) []byte {
	t.Helper()
	n := binary.LittleEndian.Uint64(data)
	var header map[string]json.RawMessage
	if err := json.Unmarshal(data[8:8+n], &header); err != nil {
		t.Fatal(err)
	}
	type place struct {
		DType   string `json:"dtype"`
		Shape   []int  `json:"shape"`
		Offsets [2]int `json:"data_offsets"`
	}
	var changed place
	if err := json.Unmarshal(header[name], &changed); err != nil {
		t.Fatal(err)
	}
	size := (changed.Offsets[1] - changed.Offsets[0])
	for _, d := range changed.Shape {
		size /= d
	}
	begin, end := changed.Offsets[0], changed.Offsets[1]
	less := end - begin - size*values
	for other, text := range header {
		if other == "__metadata__" {
			continue
		}
		var p place
		if err := json.Unmarshal(text, &p); err != nil {
			t.Fatal(err)
		}
		if p.Offsets[0] >= end {
			p.Offsets[0], p.Offsets[1] = p.Offsets[0]-less, p.Offsets[1]-less
		}
		if other == name {
			p.Shape, p.Offsets[1] = []int{values}, end-less
		}
		text, err := json.Marshal(p)
		if err != nil {
			t.Fatal(err)
		}
		header[other] = text
	}
	text, err := json.Marshal(header)
	if err != nil {
		t.Fatal(err)
	}
	for (8+len(text))%64 != 0 {
		text = append(text, ' ')
	}
	body := data[8+n:]
	out := binary.LittleEndian.AppendUint64(nil, uint64(len(text)))
	out = append(append(out, text...), body[:end-less]...)
	return append(out, body[end:]...)
}

// TestPackedShapes shortens each tensor of a converted checkpoint in turn.
func TestPackedShapes(t *testing.T) {
	folder := converted(t, mini, Precision{Form: "q8"})
	path := filepath.Join(folder, weightsFile)
	whole := read(t, path)
	c, err := Open(folder)
	if err != nil {
		t.Fatal(err)
	}
	names := c.tensors.Names()
	c.Close()
	for _, name := range names {
		write(t, path, reshape(t, whole, name, 1))
		if c, err := Open(folder); err == nil {
			c.Close()
			t.Errorf("%s of one value was opened", name)
		} else if !strings.Contains(err.Error(), "tensor "+name+" has ") || !strings.Contains(err.Error(), "expected") {
			t.Errorf("%v, want %s and what is expected", err, name)
		}
	}
}

// TestSizesThatTheWeightsLack has each size of config.json too large for the weights, which is refused without the memory for it.
func TestSizesThatTheWeightsLack(t *testing.T) {
	folder := copyOf(t, mini)
	path := filepath.Join(folder, configFile)
	good := read(t, path)
	if err := os.Remove(filepath.Join(folder, preprocessorFile)); err != nil { // which has the crops' size, too
		t.Fatal(err)
	}
	check := func(what string, config []byte) {
		t.Helper()
		write(t, path, config)
		c, err := Open(folder)
		if err == nil {
			c.Close()
			t.Errorf("%s: opened", what)
		} else if !strings.Contains(err.Error(), "expected shape") && !strings.Contains(err.Error(), "expected [") {
			t.Errorf("%s: %v", what, err)
		}
	}
	check("a table of terabytes", read(t, "../../testdata/cases/rope-table-terabytes/config.json"))
	for _, field := range []string{
		"text_config.hidden_size", "text_config.intermediate_size", "text_config.num_hidden_layers", "text_config.vocab_size",
		"vision_config.hidden_size", "vision_config.intermediate_size", "vision_config.num_hidden_layers", "vision_config.image_size",
	} {
		check(field, changed(t, good, map[string]any{field: 1 << 20, "text_config.partial_rotary_factor": 0.5}))
	}
	check("layers left over", changed(t, good, map[string]any{"text_config.num_hidden_layers": 1 << 20}))
	// As many positions as may be cost nothing before they are used.
	write(t, path, changed(t, good, map[string]any{"text_config.max_position_embeddings": 1 << 20}))
	c, err := Open(folder)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	pool := tensor.NewPool(1)
	defer pool.Close()
	if n := testing.AllocsPerRun(1, func() { _, _, err = c.Load(pool, c.Own) }); err != nil || n > 20000 {
		t.Errorf("%v, %v allocations for a context of a million positions", err, n)
	}
}

func TestPackedVectorsAreFinite(t *testing.T) {
	folder := converted(t, mini, Precision{Form: "q8"})
	path := filepath.Join(folder, weightsFile)
	c, err := Open(folder)
	if err != nil {
		t.Fatal(err)
	}
	const name = "language_model.model.final_layernorm.weight"
	x, ok := c.tensors.Tensor(name)
	if !ok {
		t.Fatalf("no %s", name)
	}
	data := read(t, path)
	at := strings.Index(string(data), string(x.Data))
	c.Close()
	binary.LittleEndian.PutUint32(data[at+4*7:], math.Float32bits(float32(math.NaN())))
	write(t, path, data)
	if c, err = Open(folder); err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if _, _, err := c.Load(nil, c.Own); err == nil || !strings.Contains(err.Error(), "tensor "+name+" holds NaN at position 7, expected a finite number") {
		t.Errorf("%v", err)
	}
}
