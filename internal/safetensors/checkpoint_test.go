package safetensors

import (
	"bytes"
	"errors"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"unsafe"
)

// sample is a checkpoint with a scalar, an empty tensor and mixed sizes.
func sample() []Tensor {
	return []Tensor{
		FromFloat32("b.weight", []int{2, 3}, []float32{1, -2, 3.5, 0, float32(math.Inf(1)), 1e-40}),
		FromInt64("ids", []int{2}, []int64{-1, 1 << 40}),
		FromFloat32("scale", nil, []float32{7}),
		FromFloat32("none", []int{0, 4}, nil),
		{Name: "<half>", DType: F16, Shape: []int{3}, Data: []byte{0, 0x3c, 0, 0xc0, 1, 0}},
		{Name: "bytes", DType: U8, Shape: []int{3}, Data: []byte{1, 2, 3}},
	}
}

func encode(t testing.TB, tensors []Tensor, meta map[string]string) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := Write(&b, tensors, meta); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func save(t *testing.T, path string, tensors []Tensor) {
	t.Helper()
	if err := WriteFile(path, tensors, nil); err != nil {
		t.Fatal(err)
	}
}

func checkSame(t *testing.T, c *Checkpoint, want []Tensor) {
	t.Helper()
	if got := len(c.Names()); got != len(want) {
		t.Errorf("%d tensors, expected %d", got, len(want))
	}
	for _, w := range want {
		got, ok := c.Tensor(w.Name)
		if !ok {
			t.Errorf("%q is missing", w.Name)
			continue
		}
		if got.DType != w.DType || !slices.Equal(got.Shape, w.Shape) || !bytes.Equal(got.Data, w.Data) {
			t.Errorf("%q: %v, expected %v", w.Name, got, w)
		}
	}
}

func TestRoundTrip(t *testing.T) {
	meta := map[string]string{"format": "pt", "note": "two\nlines"}
	path := filepath.Join(t.TempDir(), "x.safetensors")
	if err := WriteFile(path, sample(), meta); err != nil {
		t.Fatal(err)
	}
	c, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	checkSame(t, c, sample())
	if !reflect.DeepEqual(c.Metadata(), meta) {
		t.Errorf("metadata %v", c.Metadata())
	}
	if want := []string{"<half>", "b.weight", "bytes", "ids", "none", "scale"}; !slices.Equal(c.Names(), want) {
		t.Errorf("names %v", c.Names())
	}
	ids, _ := c.Tensor("ids")
	if v, err := ids.int64s(); err != nil || !slices.Equal(v, []int64{-1, 1 << 40}) {
		t.Errorf("%v, %v", v, err)
	}
	weight, _ := c.Tensor("b.weight")
	v := make([]float32, 6)
	if err := weight.Float32s(v); err != nil || v[2] != 3.5 || v[5] != 1e-40 {
		t.Errorf("%v, %v", v, err)
	}
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	if err := c.Close(); err != nil {
		t.Errorf("second Close: %v", err)
	}
}

func TestWriteIsDeterministicAndAligned(t *testing.T) {
	a := sample()
	b := sample()
	slices.Reverse(b)
	file := encode(t, a, map[string]string{"x": "1", "y": "2"})
	if !bytes.Equal(file, encode(t, b, map[string]string{"y": "2", "x": "1"})) {
		t.Error("the order of the tensors changes the file")
	}
	c, err := Parse("x", file)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range c.Names() {
		tensor, _ := c.Tensor(name)
		if at := offset(file, tensor.Data); at%tensor.DType.Size() != 0 {
			t.Errorf("%q starts at byte %d", name, at)
		}
	}
}

// offset is where part, a piece of whole, starts.
func offset(whole, part []byte) int {
	return int(uintptr(unsafe.Pointer(unsafe.SliceData(part))) - uintptr(unsafe.Pointer(unsafe.SliceData(whole))))
}

func TestWriteRefuses(t *testing.T) {
	for name, tensors := range map[string][]Tensor{
		"the name is taken": {FromInt64("a", nil, []int64{1}), FromInt64("a", nil, []int64{2})},
		"taken":             {FromInt64("__metadata__", nil, []int64{1})},
		"expected 8 for":    {FromFloat32("a", []int{2}, []float32{1})},
		"not supported":     {{Name: "a", DType: "F7"}},
		"negative":          {{Name: "a", DType: U8, Shape: []int{-1}}},
		"not valid UTF-8":   {FromInt64("\xff", nil, []int64{1})},
	} {
		err := Write(new(bytes.Buffer), tensors, nil)
		if err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("error %v, expected %q", err, name)
		}
	}
	if err := Write(new(bytes.Buffer), nil, map[string]string{"a": "\xff"}); err == nil {
		t.Error("metadata that is not UTF-8 was written")
	}
}

func TestWriteFileLeavesNoDebris(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "x.safetensors")
	save(t, path, sample())
	broken := errors.New("broken")
	err := WriteFileFunc(path, sample(), nil, func(Tensor) ([]byte, error) { return nil, broken })
	if !errors.Is(err, broken) {
		t.Errorf("error %v", err)
	}
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != 1 {
		t.Errorf("folder holds %v, %v", entries, err)
	}
	c, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.Close() }()
	checkSame(t, c, sample())

	if err := WriteFile(filepath.Join(dir, "no", "x"), nil, nil); err == nil {
		t.Error("written into a folder that is not there")
	}
}

const index = `{"metadata":{"total_size":8},"weight_map":{"a":"1.safetensors","b":"2.safetensors"}}`

func TestOpenFolder(t *testing.T) {
	one := FromInt64("a", nil, []int64{1})
	two := FromInt64("b", nil, []int64{2})
	extra := FromInt64("a", nil, []int64{3})

	dir := t.TempDir()
	save(t, filepath.Join(dir, "1.safetensors"), []Tensor{one})
	save(t, filepath.Join(dir, "2.safetensors"), []Tensor{two, extra})
	if err := os.WriteFile(filepath.Join(dir, indexFile), []byte(index), 0o644); err != nil {
		t.Fatal(err)
	}
	c, err := OpenFolder(dir)
	if err != nil {
		t.Fatal(err)
	}
	checkSame(t, c, []Tensor{one, two})
	if tensor, _ := c.Tensor("b"); tensor.File != filepath.Join(dir, "2.safetensors") {
		t.Errorf("file %q", tensor.File)
	}
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}

	save(t, filepath.Join(dir, singleFile), []Tensor{extra})
	c, err = OpenFolder(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.Close() }()
	checkSame(t, c, []Tensor{extra})
}

func TestOpenFolderRefuses(t *testing.T) {
	for _, test := range []struct{ name, index, want string }{
		{"nothing", "", "holds neither model.safetensors nor model.safetensors.index.json"},
		{"missing shard", index, "2.safetensors: missing, but"},
		{"missing tensor", `{"weight_map":{"a":"1.safetensors","c":"1.safetensors"}}`, `1.safetensors: tensor "c" is missing`},
		{"outside", `{"weight_map":{"a":"../1.safetensors"}}`, "leads out of the folder"},
		{"absolute", `{"weight_map":{"a":"/etc/passwd"}}`, "leads out of the folder"},
		{"empty shard", `{"weight_map":{"a":""}}`, "leads out of the folder"},
		{"folder", `{"weight_map":{"a":"."}}`, "not a regular file"},
		{"no map", `{}`, "weight_map is missing"},
		{"twice", `{"weight_map":{"a":"1.safetensors","a":"1.safetensors"}}`, `"a" appears twice`},
		{"not a string", `{"weight_map":{"a":1}}`, "expected a string"},
		{"cut", `{"weight_map":{"a":`, "invalid JSON"},
		{"tail", `{"weight_map":{"a":"1.safetensors"}} x`, "text after"},
		{"array", `[]`, "expected {"},
	} {
		t.Run(test.name, func(t *testing.T) {
			dir := t.TempDir()
			save(t, filepath.Join(dir, "1.safetensors"), []Tensor{FromInt64("a", nil, []int64{1})})
			if test.index != "" {
				if err := os.WriteFile(filepath.Join(dir, indexFile), []byte(test.index), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			checkRefused(t, test.want)(OpenFolder(dir))
		})
	}
}

func TestOpenRefuses(t *testing.T) {
	dir := t.TempDir()
	empty := filepath.Join(dir, "empty")
	if err := os.WriteFile(empty, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	checkRefused(t, "empty: not a safetensors file: 0 bytes, expected at least 8")(Open(empty))
	checkRefused(t, "not a regular file")(Open(dir))
	checkRefused(t, "missing")(Open(filepath.Join(dir, "missing")))

	cut := filepath.Join(dir, "cut")
	file := encode(t, sample(), nil)
	if err := os.WriteFile(cut, file[:len(file)-5], 0o644); err != nil {
		t.Fatal(err)
	}
	checkRefused(t, "cut: cut short: 48 bytes of tensor data, expected 53")(Open(cut))
}

// checkRefused wants a one-line error that contains text.
func checkRefused(t *testing.T, text string) func(*Checkpoint, error) {
	return func(_ *Checkpoint, err error) {
		t.Helper()
		switch {
		case err == nil:
			t.Errorf("accepted, expected %q", text)
		case !strings.Contains(err.Error(), text):
			t.Errorf("error %q, expected %q", err, text)
		case strings.Contains(err.Error(), "\n"):
			t.Errorf("error of more than one line: %q", err)
		}
	}
}

func TestSavedCheckpoints(t *testing.T) {
	for name, test := range map[string]struct {
		dtype   DType
		tensors int
	}{"mini": {F32, 119}, "mini-f16-sharded": {F16, 89}} {
		c, err := OpenFolder("../../testdata/" + name)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = c.Close() }()
		if got := len(c.Names()); got != test.tensors {
			t.Errorf("%s: %d tensors, expected %d", name, got, test.tensors)
		}
		if c.Metadata()["format"] != "pt" {
			t.Errorf("%s: metadata %v", name, c.Metadata())
		}
		for _, n := range c.Names() {
			tensor, _ := c.Tensor(n)
			v := make([]float32, tensor.Elements())
			if err := tensor.Float32s(v); err != nil || tensor.DType != test.dtype {
				t.Errorf("%s: %s is %s, %v", name, n, tensor.DType, err)
			}
			if i := slices.IndexFunc(v, func(x float32) bool { return !(math.Abs(float64(x)) < 100) }); i >= 0 {
				t.Errorf("%s: %s[%d] is %g", name, n, i, v[i])
			}
		}
	}
}

func TestForgottenTensorsAreReadAgain(t *testing.T) {
	path := filepath.Join(t.TempDir(), "model.safetensors")
	save(t, path, sample())
	c, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.Close() }()
	for _, name := range c.Names() {
		tensor, _ := c.Tensor(name)
		c.Forget(tensor)
	}
	checkSame(t, c, sample())

	parsed, err := Parse("parsed", encode(t, sample(), nil))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range parsed.Names() {
		tensor, _ := parsed.Tensor(name)
		parsed.Forget(tensor) // which is in no file, and so stays
	}
	checkSame(t, parsed, sample())
}
