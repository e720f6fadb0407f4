package weights

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"gonum.org/v1/gonum/blas/blas32"

	"github.com/mcllava/mcllava/internal/safetensors"
	"github.com/mcllava/mcllava/internal/tensor"
)

// The tensors of a small model. The matrix is of several pieces' worth of rows when they are cut small, and not of whole panels.
const matrixOut, matrixIn, tableRows, tableCols = 201, 72, 67, 40

func random32(n int) []float32 {
	r := rand.New(rand.NewPCG(7, uint64(n)))
	v := make([]float32, n)
	for i := range v {
		v[i] = float32(r.NormFloat64())
	}
	return v
}

// model is what load reads.
func model() []safetensors.Tensor {
	return []safetensors.Tensor{
		safetensors.FromFloat32("fc.weight", []int{matrixOut, matrixIn}, random32(matrixOut*matrixIn)),
		safetensors.FromFloat32("fc.bias", []int{matrixOut}, random32(matrixOut)),
		safetensors.FromFloat32("patch.weight", []int{5, 3, 2, 2}, random32(60)),
		safetensors.FromFloat32("patch.bias", []int{5}, random32(5)),
		safetensors.FromFloat32("tokens.weight", []int{tableRows, tableCols}, random32(tableRows*tableCols)),
		safetensors.FromFloat32("head.weight", []int{3, tableCols}, random32(3*tableCols)),
		safetensors.FromFloat32("head.bias", []int{3}, random32(3)),
	}
}

func load(s *Source) {
	s.Vision().Linear("fc", matrixOut, matrixIn)
	s.Vision().AtLeast(tensor.BF16).Convolution("patch", 5, 3, 2)
	s.Text().Embedding("tokens", tableRows, tableCols)
	s.Text().AtLeast(tensor.Q8).Linear("head", 3, tableCols)
}

func none(string) bool { return false }

func checkpoint(t testing.TB, tensors []safetensors.Tensor) *safetensors.Checkpoint {
	t.Helper()
	var b bytes.Buffer
	if err := safetensors.Write(&b, tensors, nil); err != nil {
		t.Fatal(err)
	}
	c, err := safetensors.Parse("published.safetensors", b.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func conversion(t testing.TB, c *safetensors.Checkpoint, p Forms) *Conversion {
	t.Helper()
	items, err := List(c, p, load, none)
	if err != nil {
		t.Fatal(err)
	}
	w, err := NewConversion(items, p)
	if err != nil {
		t.Fatal(err)
	}
	return w
}

// converted is the path of a packed checkpoint.
func converted(t testing.TB, c *safetensors.Checkpoint, p Forms) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "packed.safetensors")
	w := conversion(t, c, p)
	if err := w.WriteFile(context.Background(), path, 3, nil); err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(path); err != nil || info.Size() != w.Size() {
		t.Fatalf("%v, %v, want %d bytes", info, err, w.Size())
	}
	return path
}

func openPacked(t *testing.T, path string) *Packed {
	t.Helper()
	c, err := safetensors.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	p, err := ReadPacked(c)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func read(t testing.TB, path string) []byte {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

var forms = []tensor.Form{tensor.F32, tensor.F16, tensor.BF16, tensor.Q8, tensor.Q4}

// errorOf is the largest error of a product of normal values, relative to its size.
var errorOf = map[tensor.Form]float64{tensor.F32: 1e-6, tensor.F16: 1e-3, tensor.BF16: 1e-2, tensor.Q8: 2e-2, tensor.Q4: 0.15}

// TestPackedIsWhatIsPackedWhileLoading converts a small model in every form, maps it, and compares it with the published tensors.
func TestPackedIsWhatIsPackedWhileLoading(t *testing.T) {
	pool := tensor.NewPool(2)
	defer pool.Close()
	c := checkpoint(t, model())
	for _, f := range forms {
		t.Run(f.String(), func(t *testing.T) {
			precision := Forms{f, f}
			packed := openPacked(t, converted(t, c, precision))
			if packed.Forms != precision {
				t.Fatalf("precision %v, want %v", packed.Forms, precision)
			}
			w := Of(packed, pool, precision)
			load(w)
			if err := w.Finish(none); err != nil {
				t.Fatal(err)
			}
			x := blas32.General{Rows: 2, Cols: matrixIn, Stride: matrixIn, Data: random32(2 * matrixIn)}
			product := func(w *Source) blas32.General {
				y := tensor.New(2, matrixOut)
				l := w.Vision().Linear("fc", matrixOut, matrixIn)
				if form := l.Weight.Form(); form != f {
					t.Errorf("the matrix is in %s", form)
				}
				l.Apply(pool, y, x)
				return y
			}
			mapped, loaded := product(Of(packed, pool, precision)), product(From(c, pool, precision))
			if tier, _ := tensor.ActiveTier(); (tier != tensor.Generic || f != tensor.F32) && !slices.Equal(mapped.Data, loaded.Data) {
				t.Error("the mapped matrix gives another product than the loaded one")
			}
			exact := tensor.New(2, matrixOut)
			float := From(c, pool, Forms{}).Vision().Linear("fc", matrixOut, matrixIn)
			float.Apply(pool, exact, x)
			if e := relativeError(mapped.Data, exact.Data); !(e <= errorOf[f]) {
				t.Errorf("relative error %.1e, at most %.0e expected", e, errorOf[f])
			}
			row, want := make([]float32, tableCols), make([]float32, tableCols)
			mappedTable := Of(packed, pool, precision).Text().Embedding("tokens", tableRows, tableCols)
			loadedTable := From(c, pool, precision).Text().Embedding("tokens", tableRows, tableCols)
			for id := range tableRows {
				mappedTable.Row(row, id)
				if loadedTable.Row(want, id); !slices.Equal(row, want) {
					t.Fatalf("row %d is %v, want %v", id, row, want)
				}
			}
		})
	}
}

func relativeError(got, want []float32) float64 {
	var difference, size float64
	for i := range want {
		difference += math.Pow(float64(got[i]-want[i]), 2)
		size += math.Pow(float64(want[i]), 2)
	}
	return math.Sqrt(difference / size)
}

func TestPiecesMakeTheWhole(t *testing.T) {
	pool := tensor.NewPool(2)
	defer pool.Close()
	for _, f := range forms {
		w := conversion(t, checkpoint(t, model()), Forms{f, f})
		for _, item := range w.items {
			rows, cols := item.size()
			published := newRows(item.source, item.Form)
			whole := item.piece(pool, published, 0, rows)
			if int64(len(whole)) != item.Bytes() {
				t.Errorf("%s, %s: %d bytes, want %d", f, item.Name, len(whole), item.Bytes())
			}
			const step = 64 // the least of pieceRows
			var pieces []byte
			for first := 0; first < rows; first += step {
				if item.bytes(first, cols) != len(pieces) {
					t.Errorf("%s, %s: row %d at %d, want %d", f, item.Name, first, item.bytes(first, cols), len(pieces))
				}
				pieces = append(pieces, item.piece(pool, published, first, min(step, rows-first))...)
			}
			if !bytes.Equal(pieces, whole) {
				t.Errorf("%s, %s: pieces of %d rows are not the whole", f, item.Name, step)
			}
		}
	}
	if n := pieceRows(1 << 30); n != 64 {
		t.Errorf("pieces of %d rows at least, want 64", n)
	}
}

func TestTwoByteTableStaysAsPublished(t *testing.T) {
	tensors := model()
	half := make([]byte, 0, 2*tableRows*tableCols)
	for range tableRows * tableCols {
		half = binary.LittleEndian.AppendUint16(half, 0x3c01)
	}
	tensors[4] = safetensors.Tensor{Name: "tokens.weight", DType: safetensors.F16, Shape: []int{tableRows, tableCols}, Data: half}
	c := checkpoint(t, tensors)
	for _, f := range forms {
		packed := openPacked(t, converted(t, c, Forms{f, f}))
		x, _ := packed.checkpoint.Tensor("tokens.weight")
		if x.DType != safetensors.F16 || !bytes.Equal(x.Data, half) {
			t.Errorf("%s: the table is %s", f, x.DType)
		}
	}
}

func TestValuesThatAFormCannotHold(t *testing.T) {
	pool := tensor.NewPool(2)
	defer pool.Close()
	for _, c := range []struct {
		value float32
		form  tensor.Form
		say   string
	}{
		{65519, tensor.F16, ""},
		{-65520, tensor.F16, "published.safetensors: tensor fc.weight holds -65520 at position 100, expected at most 65519.996 in f16"},
		{65520, tensor.BF16, ""},
		{math.MaxFloat32, tensor.F32, ""},
		{math.MaxFloat32, tensor.BF16, "expected at most"},
		{float32(math.Inf(-1)), tensor.Q8, "holds -Inf at position 100, expected a finite number"},
		{float32(math.Inf(1)), tensor.Q4, "holds +Inf at position 100, expected a finite number"},
		{float32(math.NaN()), tensor.Q4, "holds NaN at position 100, expected a finite number"},
		{float32(math.NaN()), tensor.F32, "holds NaN at position 100, expected a finite number"},
	} {
		tensors := model()
		binary.LittleEndian.PutUint32(tensors[0].Data[400:], math.Float32bits(c.value))
		published := checkpoint(t, tensors)
		w := From(published, pool, Forms{c.form, c.form})
		load(w)
		path := filepath.Join(t.TempDir(), "packed")
		for _, err := range []error{w.Err(), conversion(t, published, Forms{c.form, c.form}).WriteFile(t.Context(), path, 2, nil)} {
			if c.say == "" && err != nil || c.say != "" && (err == nil || !strings.Contains(err.Error(), c.say)) {
				t.Errorf("%v in %s: %v, want «%s»", c.value, c.form, err, c.say)
			}
		}
	}
}

// TestInterruptedConversion stops after each tensor in turn and goes on from there.
func TestInterruptedConversion(t *testing.T) {
	precision := Forms{tensor.Q8, tensor.Q4}
	c := checkpoint(t, model())
	whole := read(t, converted(t, c, precision))
	w := conversion(t, c, precision)
	for n := range len(w.items) {
		path := filepath.Join(t.TempDir(), "packed")
		ctx, cancel := context.WithCancel(t.Context())
		tensors := 0
		err := w.WriteFile(ctx, path, 1, func(_, _ int64) {
			if tensors == n {
				cancel()
			}
			tensors++
		})
		if !errors.Is(err, context.Canceled) {
			t.Fatalf("error %v, want %v", err, context.Canceled)
		}
		f, err := os.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		done, same := w.recorded(f)
		_ = f.Close()
		kept := len(slices.DeleteFunc(done, func(e entry) bool { return e.sum == noSum }))
		if !same || kept != n {
			t.Errorf("%d tensors recorded after %d", kept, n)
		}
		if err := w.WriteFile(t.Context(), path, 2, nil); err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(read(t, path), whole) {
			t.Errorf("interrupted after %d tensors, other bytes than unbroken", n)
		}
	}
}

// TestUnfinishedFileOfSomethingElse has what stands in the file differ from what its header says, or be of another conversion.
func TestUnfinishedFileOfSomethingElse(t *testing.T) {
	precision := Forms{tensor.Q8, tensor.Q8}
	whole := read(t, converted(t, checkpoint(t, model()), precision))
	other := model()
	other[0].Data[0] ^= 1
	changed := read(t, converted(t, checkpoint(t, other), precision))
	if bytes.Equal(whole, changed) {
		t.Fatal("another source gives the same file")
	}
	damaged := slices.Clone(whole)
	damaged[len(damaged)-1] ^= 1
	for name, found := range map[string][]byte{
		"empty": {}, "cut short": whole[:len(whole)/2], "no header": whole[:100], "longer": append(slices.Clone(whole), 1),
		"damaged": damaged, "another source": changed, "text": []byte(strings.Repeat("hello ", 10000)),
		"another precision": read(t, converted(t, checkpoint(t, model()), Forms{tensor.Q4, tensor.Q8})),
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "packed")
			if err := os.WriteFile(path, found, 0o600); err != nil {
				t.Fatal(err)
			}
			if err := conversion(t, checkpoint(t, model()), precision).WriteFile(t.Context(), path, 2, nil); err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(read(t, path), whole) {
				t.Error("other bytes than an unbroken conversion")
			}
		})
	}
}

func TestMadeFrom(t *testing.T) {
	precision := Forms{tensor.Q8, tensor.Q8}
	path := converted(t, checkpoint(t, model()), precision)
	other := model()
	other[3].Data[0] ^= 1
	for name, c := range map[string]struct {
		tensors []safetensors.Tensor
		forms   Forms
		want    bool
	}{
		"same":              {model(), precision, true},
		"another source":    {other, precision, false},
		"another precision": {model(), Forms{tensor.Q8, tensor.Q4}, false},
	} {
		got, err := conversion(t, checkpoint(t, c.tensors), c.forms).MadeFrom(t.Context(), path, 2, nil)
		if err != nil || got != c.want {
			t.Errorf("%s: %v, %v, want %v", name, got, err, c.want)
		}
	}
}

func TestVerify(t *testing.T) {
	path := converted(t, checkpoint(t, model()), Forms{tensor.Q8, tensor.Q8})
	p := openPacked(t, path)
	var last, all int64
	if err := p.Verify(t.Context(), 2, func(done, total int64) { last, all = max(last, done), total }); err != nil || last != all || all == 0 {
		t.Errorf("%v, %d of %d bytes", err, last, all)
	}
	for _, i := range p.items() {
		x, _ := p.checkpoint.Tensor(i.Name)
		data := read(t, path)
		at := bytes.Index(data, x.Data[:min(len(x.Data), 12)])
		data[at] ^= 4
		bad := filepath.Join(t.TempDir(), "packed")
		if err := os.WriteFile(bad, data, 0o600); err != nil {
			t.Fatal(err)
		}
		if err := openPacked(t, bad).Verify(t.Context(), 2, nil); err == nil || !strings.Contains(err.Error(), bad+": tensor "+i.Name+" is damaged") {
			t.Errorf("%s damaged: %v", i.Name, err)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := p.Verify(ctx, 2, nil); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v, want %v", err, context.Canceled)
	}
}

// TestDamagedHeaders edits the header of a packed checkpoint such that it stays one of the safetensors format.
func TestDamagedHeaders(t *testing.T) {
	precision := Forms{tensor.Q8, tensor.Q8}
	whole := read(t, converted(t, checkpoint(t, model()), precision))
	for _, c := range []struct{ old, new, say string }{
		{`"layout":"1"`, `"layout":"2"`, `layout version "2", expected "1"`},
		{`"vision":"q8"`, `"vision":"q9"`, `metadata vision: unknown precision "q9"`},
		{`"vision":"q8"`, `"vision":"q4"`, "tensor fc.weight is in q8, expected q4"},
		{`"fc.weight":"q8 [201,72]`, `"fc.weight":"q8 [201,73]`, "tensor fc.weight has "},
		{`"fc.weight":"q8 [201,72]`, `"fc.weight":"q8 [201;72]`, "metadata of tensor fc.weight: shape"},
		{`"fc.weight":"q8 [`, `"fc.weight":"q8  [`, ""},
		{`"fc.weight":"q8 `, `"fc.weight":"bf `, `metadata of tensor fc.weight: unknown precision "bf"`},
		{`"fc.bias":"f32 `, `"fc.bios":"f32 `, "metadata of tensor fc.bias"},
		{`"fc.bias":{`, `"fc.bios":{`, "metadata of tensor fc.bios"},
		{`"patch.bias":{"dtype":"F32","shape":[5]`, `"patch.bias":{"dtype":"I32","shape":[5]`, "tensor patch.bias is I32, expected F32"},
		{`"dtype":"BF16","shape":[67,40]`, `"dtype":"BF16","shape":[40,67]`, "tensor tokens.weight has shape [40 67], expected the [67 40] of its metadata"},
		{`"fc.weight":"q8 [201,72]`, `"fc.weight":"q8 [201,71]`, "tensor fc.weight has shape [201 71], expected [201 72]"},
		{`"fc.weight":"q8 [201,72]`, `"fc.weight":"q8 [202,72]`, "tensor fc.weight has shape [202 72], expected [201 72]"},
		{`"fc.weight":"q8 [201,72]`, `"fc.weight":"q8 [999,72]`, "tensor fc.weight has "},
		{`"fc.weight":"q8 [201,72]`, `"fc.weight":"q4 [201,72]`, "tensor fc.weight has "},
		{`"fc.weight":"q8 [201,72]`, `"fc.weight":"q8 [20172] `, "tensor fc.weight is packed with the shape [20172] in its metadata"},
		{`"fc.weight":"q8 [201,72]`, `"fc.weight":"q8 [201,-2]`, "tensor fc.weight is a matrix [201 -2] in its metadata"},
		{`"fc.weight":"q8 [201,72]`, `"fc.weight":"q8 [9e9,72]`, "metadata of tensor fc.weight: shape [9e9,72], expected whole numbers"},
		{`"fc.bias":"f32 [201]`, `"fc.bias":"f32 [200]`, "tensor fc.bias has shape [201], expected the [200] of its metadata"},
		{`"fc.bias":"f32 `, `"fc.bias":"f16 `, "tensor fc.bias is F32, expected F16 for its form f16"},
		{`"fc.bias":"f32 `, `"fc.bias":"q8  `, "tensor fc.bias is F32, expected U8 for its form q8"},
	} {
		t.Run(c.new, func(t *testing.T) {
			if !bytes.Contains(whole, []byte(c.old)) {
				t.Fatalf("no %s in the header", c.old)
			}
			path := filepath.Join(t.TempDir(), "packed")
			if err := os.WriteFile(path, bytes.Replace(whole, []byte(c.old), []byte(c.new), 1)[:len(whole)], 0o600); err != nil {
				t.Fatal(err)
			}
			err := opens(path)
			if c.say == "" {
				return // no more than that it does not panic
			}
			if err == nil || !strings.Contains(err.Error(), c.say) || !strings.HasPrefix(err.Error(), path+": ") {
				t.Errorf("%v, want «%s: … %s»", err, path, c.say)
			}
		})
	}
}

// FuzzPacked wants no panic of a packed checkpoint, a short error or one whose tensors the model can be made of.
func FuzzPacked(f *testing.F) {
	for _, forms := range []Forms{{tensor.Q8, tensor.Q4}, {tensor.F32, tensor.BF16}} {
		f.Add(read(f, converted(f, checkpoint(f, model()), forms)))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		c, err := safetensors.Parse("x", data)
		if err != nil || !IsPacked(c) {
			return
		}
		p, err := ReadPacked(c)
		if err == nil {
			_, err = p.List(load, none)
		}
		if err != nil {
			if len(err.Error()) > 1000 || strings.Contains(err.Error(), "\n") {
				t.Errorf("an error of %d bytes: %.300s", len(err.Error()), err)
			}
			return
		}
		w := Of(p, nil, p.Forms)
		load(w)
		if err := w.Finish(none); err != nil && !strings.Contains(err.Error(), "begins") && !strings.Contains(err.Error(), "finite") {
			t.Errorf("listed, but not loaded: %v", err)
		}
	})
}

func opens(path string) error {
	c, err := safetensors.Open(path)
	if err != nil {
		return err
	}
	p, err := ReadPacked(c)
	if err == nil {
		w := Of(p, nil, p.Forms)
		load(w)
		err = w.Finish(none)
	}
	return errors.Join(err, c.Close())
}

func TestUnfinishedIsNotOpened(t *testing.T) {
	path := filepath.Join(t.TempDir(), "packed")
	ctx, cancel := context.WithCancel(t.Context())
	w := conversion(t, checkpoint(t, model()), Forms{})
	if err := w.WriteFile(ctx, path, 1, func(_, _ int64) { cancel() }); !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	if err := opens(path); err == nil || !strings.Contains(err.Error(), "was never written") {
		t.Errorf("error %v", err)
	}
}

func TestPublishedForms(t *testing.T) {
	of := func(types ...safetensors.DType) Forms {
		var tensors []safetensors.Tensor
		for i, d := range types {
			tensors = append(tensors, safetensors.Tensor{Name: strings.Repeat("x", i+1), DType: d, Shape: []int{1}, Data: make([]byte, d.Size())})
		}
		return PublishedForms(checkpoint(t, tensors))
	}
	for _, c := range []struct {
		got  Forms
		want tensor.Form
	}{
		{of(safetensors.F16, safetensors.F16, safetensors.I64), tensor.F16},
		{of(safetensors.BF16), tensor.BF16},
		{of(safetensors.F32), tensor.F32},
		{of(safetensors.F16, safetensors.BF16), tensor.F32},
		{of(safetensors.F16, safetensors.F32), tensor.F32},
	} {
		if c.got != (Forms{c.want, c.want}) {
			t.Errorf("%v, want %s", c.got, c.want)
		}
	}
}
