package tensor

import (
	"encoding/binary"
	"math"
	"slices"
	"testing"
)

func TestEmbeddingRows(t *testing.T) {
	const rows, cols = 70, 33
	p := NewPool(3)
	defer p.Close()
	value := func(id, i int) float32 { return float32(math.Sin(float64(id*cols + i))) }
	read := func(id int, row []float32) {
		for i := range row {
			row[i] = value(id, i)
		}
	}
	for form, rounded := range map[Form]func(float32) float32{
		F32:  func(x float32) float32 { return x },
		F16:  func(x float32) float32 { return fromF16(toF16(x)) },
		BF16: func(x float32) float32 { return fromBF16(toBF16(x)) },
	} {
		e := NewEmbedding(p, form, rows, cols, read)
		again, err := EmbeddingFrom(form, rows, cols, slices.Clone(e.Data()))
		if err != nil {
			t.Fatal(err)
		}
		for _, table := range []*Embedding{e, again} {
			if table.Form() != form {
				t.Errorf("form %s, want %s", table.Form(), form)
			}
			row := make([]float32, cols)
			for id := range rows {
				table.Row(row, id)
				for i, got := range row {
					if want := rounded(value(id, i)); got != want {
						t.Fatalf("%s: row %d holds %v at %d, want %v", form, id, got, i, want)
					}
				}
			}
		}
	}
}

func TestEmbeddingIsLittleEndian(t *testing.T) {
	e, err := EmbeddingFrom(BF16, 2, 1, binary.LittleEndian.AppendUint16(nil, 0x3f80)) // 1
	if err == nil {
		t.Errorf("two bytes made a table [2, 1] %v", e)
	}
	if _, err := EmbeddingFrom(Q8, 1, 1, []byte{0}); err == nil {
		t.Error("a table in q8")
	}
	e, err = EmbeddingFrom(BF16, 1, 1, binary.LittleEndian.AppendUint16(nil, 0x3f80))
	if err != nil {
		t.Fatal(err)
	}
	row := make([]float32, 1)
	if e.Row(row, 0); row[0] != 1 {
		t.Errorf("%v, want 1", row[0])
	}
}
