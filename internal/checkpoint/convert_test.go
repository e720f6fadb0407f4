package checkpoint

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/mcllava/mcllava/internal/tensor"
	"github.com/mcllava/mcllava/internal/weights"
)

func read(t *testing.T, path string) []byte {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// converted is a folder with a checkpoint in a precision.
func converted(t *testing.T, from string, p Precision) string {
	t.Helper()
	to := filepath.Join(t.TempDir(), "converted")
	if already, err := Convert(t.Context(), ConvertOptions{From: from, To: to, Precision: p, Threads: 2}); err != nil || already {
		t.Fatal(already, err)
	}
	return to
}

func TestPrecision(t *testing.T) {
	own := weights.Forms{Vision: tensor.F16, Text: tensor.F16}
	for want, p := range map[string]Precision{
		"f16":                   {},
		"f32":                   {Form: "f32"},
		"q8":                    {Form: "q8"},
		"vision q8, text q4":    {Form: "q4"},
		"q4":                    {Form: "q4", Vision: "q4"},
		"vision bf16, text q4":  {Form: "q4", Vision: "bf16"},
		"vision q8, text bf16":  {Form: "q8", Text: "bf16"},
		"vision q8, text f16":   {Vision: "q8"},
		"vision f16, text bf16": {Text: "bf16"},
	} {
		if got, err := p.over(own); err != nil || got.String() != want {
			t.Errorf("%+v: %v, %v, want %s", p, got, err, want)
		}
	}
	for _, p := range []Precision{{Form: "q5"}, {Vision: "Q8"}, {Text: " "}} {
		if err := p.Check(); err == nil || !strings.Contains(err.Error(), "expected f32, f16, bf16, q8 or q4") {
			t.Errorf("%+v: %v", p, err)
		}
	}
}

// TestFormsOfTheParts says which tensors are kept finer than their part's layers.
func TestFormsOfTheParts(t *testing.T) {
	c, err := Open("../../testdata/mini")
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	const tower, text = "vision_model.vision_tower.vision_model.", "language_model."
	for _, form := range []struct {
		layers, patch, decoder, head, tokens tensor.Form
	}{
		{tensor.F32, tensor.F32, tensor.F32, tensor.F32, tensor.F32},
		{tensor.F16, tensor.F16, tensor.F16, tensor.F16, tensor.F16},
		{tensor.BF16, tensor.BF16, tensor.BF16, tensor.BF16, tensor.BF16},
		{tensor.Q8, tensor.BF16, tensor.Q8, tensor.Q8, tensor.BF16},
		{tensor.Q4, tensor.BF16, tensor.Q4, tensor.Q8, tensor.BF16},
	} {
		items, err := c.items(weights.Forms{Vision: form.layers, Text: form.decoder})
		if err != nil {
			t.Fatal(err)
		}
		got := map[string]tensor.Form{}
		for _, i := range items {
			got[i.Name] = i.Form
		}
		want := map[string]tensor.Form{
			tower + "embeddings.patch_embedding.weight":    form.patch,
			tower + "embeddings.position_embedding.weight": tensor.F32,
			"vision_model.coord_embed.0.weight":            form.patch,
			"vision_model.coord_embed.2.weight":            form.patch,
			"multi_modal_projector.linear_1.weight":        form.patch,
			"multi_modal_projector.linear_2.weight":        form.patch,
			tower + "encoder.layers.0.layer_norm1.weight":  tensor.F32,
			text + "lm_head.weight":                        form.head,
			text + "lm_head.bias":                          tensor.F32,
			text + "model.embed_tokens.weight":             form.tokens,
		}
		for _, name := range []string{"self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj", "self_attn.out_proj", "mlp.fc1", "mlp.fc2"} {
			want[tower+"encoder.layers.1."+name+".weight"] = form.layers
			want[tower+"encoder.layers.1."+name+".bias"] = tensor.F32
		}
		for _, name := range []string{"self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj", "self_attn.dense", "mlp.fc1", "mlp.fc2"} {
			want[text+"model.layers.1."+name+".weight"] = form.decoder
		}
		for name, f := range want {
			if g, ok := got[name]; !ok || g != f {
				t.Errorf("layers in %s and %s: %s in %s, want %s", form.layers, form.decoder, name, g, f)
			}
		}
	}
}

func TestConvertIsRefused(t *testing.T) {
	q8 := converted(t, "../../testdata/mini", Precision{Form: "q8"})
	used := t.TempDir()
	if err := os.WriteFile(filepath.Join(used, "photo.jpg"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	published := t.TempDir()
	if err := os.CopyFS(published, os.DirFS("../../testdata/mini-f16-sharded")); err != nil {
		t.Fatal(err)
	}
	tokenizer := t.TempDir()
	if err := os.WriteFile(filepath.Join(tokenizer, "tokenizer.json"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for say, o := range map[string]ConvertOptions{
		q8 + ": converted already (q8), expected a published checkpoint": {From: q8, To: t.TempDir()},
		used + ": holds photo.jpg, expected a new or empty folder":       {From: "../../testdata/mini", To: used},
		tokenizer + ": holds tokenizer.json, expected a new or empty":    {From: "../../testdata/mini", To: tokenizer},
		published + ": holds ": {From: "../../testdata/mini", To: published},
		q8 + ": holds a checkpoint of other values or in another form":           {From: "../../testdata/mini", To: q8, Precision: Precision{Form: "q4"}},
		q8 + ": holds a checkpoint of other values or in another form, expected": {From: "../../testdata/mini-f16-sharded", To: q8, Precision: Precision{Form: "q8"}},
		"no/such":                        {From: "no/such", To: t.TempDir()},
		`unknown precision "q5"`:         {From: "../../testdata/mini", To: t.TempDir(), Precision: Precision{Form: "q5"}},
		filepath.Join(used, "photo.jpg"): {From: "../../testdata/mini", To: filepath.Join(used, "photo.jpg")},
	} {
		if _, err := Convert(t.Context(), o); err == nil || !strings.Contains(err.Error(), say) {
			t.Errorf("%v, want «%s»", err, say)
		}
	}
	if entries, err := os.ReadDir(used); err != nil || len(entries) != 1 {
		t.Errorf("%v, %v left in a folder that is refused", entries, err)
	}
	if _, err := ReadPrecision(q8, Precision{Form: "q4"}); err == nil || !strings.Contains(err.Error(), "converted to q8, so that it cannot be used in vision q8, text q4") {
		t.Errorf("%v", err)
	}
}

func TestConvertGoesOnAndEnds(t *testing.T) {
	const from = "../../testdata/mini-f16-sharded"
	o := ConvertOptions{From: from, To: converted(t, from, Precision{Form: "q8"}), Precision: Precision{Form: "q8"}}
	whole := read(t, filepath.Join(o.To, weightsFile))
	// As one that is killed at its very end leaves it.
	if err := os.WriteFile(filepath.Join(o.To, lockFile), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if already, err := Convert(t.Context(), o); err != nil || !already {
		t.Errorf("%v, %v of a converted checkpoint", already, err)
	}
	entries, err := os.ReadDir(o.To)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if e.Name() == lockFile || e.Name() == partialFile {
			t.Errorf("%s is left", e.Name())
		}
	}
	// As an interrupted one leaves it, of the same or of another precision.
	for _, precision := range []Precision{{Form: "q8"}, {Form: "bf16"}} {
		o.Precision = precision
		if err := os.Rename(filepath.Join(o.To, weightsFile), filepath.Join(o.To, partialFile)); err != nil {
			t.Fatal(err)
		}
		if already, err := Convert(t.Context(), o); err != nil || already {
			t.Errorf("%v, %v of an unfinished checkpoint", already, err)
		}
		if same := bytes.Equal(read(t, filepath.Join(o.To, weightsFile)), whole); same != (precision.Form == "q8") {
			t.Errorf("%s: the same file is %v", precision.Form, same)
		}
	}
	if err := os.WriteFile(filepath.Join(o.To, "config.json"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Convert(t.Context(), o); err == nil || !strings.Contains(err.Error(), "other values") {
		t.Errorf("another config.json: %v", err)
	}
}

func TestInspect(t *testing.T) {
	const from = "../../testdata/mini"
	for form, want := range map[string][]string{"f32": {"f32"}, "q8": {"q8", "bf16", "f32"}} {
		p := Precision{Form: form}
		published, err := Inspect(from, p)
		if err != nil {
			t.Fatal(err)
		}
		packed, err := Inspect(converted(t, from, p), Precision{})
		if err != nil {
			t.Fatal(err)
		}
		var total int64
		for n, part := range packed.Parts {
			if part.Bytes != published.Parts[n].Bytes || part.Parameters != published.Parts[n].Parameters || !slices.Equal(part.Forms, published.Parts[n].Forms) {
				t.Errorf("%s: %+v, published %+v", form, part, published.Parts[n])
			}
			total += part.Bytes
		}
		slices.Sort(want)
		if got := slices.Sorted(slices.Values(packed.Parts[0].Forms)); !slices.Equal(got, want) {
			t.Errorf("%s: the tower in %v, want %v", form, got, want)
		}
		if !packed.Converted || published.Converted || packed.Precision != form || packed.MemoryBytes != total || packed.FileBytes != total || packed.CacheBytes == 0 {
			t.Errorf("%s: %+v", form, packed)
		}
	}
}

func TestVerifyNamesTheTensor(t *testing.T) {
	folder := converted(t, "../../testdata/mini", Precision{Form: "q8"})
	if err := Verify(t.Context(), folder, 2, nil); err != nil {
		t.Error(err)
	}
	path := filepath.Join(folder, weightsFile)
	data := read(t, path)
	data[len(data)-1] ^= 1
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := Verify(t.Context(), folder, 2, nil); err == nil || !strings.Contains(err.Error(), "tensor language_model.model.embed_tokens.weight is damaged") {
		t.Errorf("error %v", err)
	}
	if err := Verify(t.Context(), "../../testdata/mini", 2, nil); err == nil || !strings.Contains(err.Error(), "../../testdata/mini: has no checksums") {
		t.Errorf("error %v", err)
	}
}
