package tensor

import (
	"encoding/binary"
	"fmt"
	"math"
)

// Embedding is a table [rows, cols] in F32, F16 or BF16 that is read a row at a time: each row is widened as it is looked up.
type Embedding struct {
	form       Form
	rows, cols int
	data       []byte // [rows, cols], little endian
}

// NewEmbedding stores a table in F32, F16 or BF16. Read fills row with row id of the table, [cols]; it is called once a row,
// from all workers of the pool.
func NewEmbedding(p *Pool, f Form, rows, cols int, read func(id int, row []float32)) *Embedding {
	e := &Embedding{form: f, rows: rows, cols: cols, data: make([]byte, EmbeddingBytes(f, rows, cols))}
	p.Run(rows, func(worker, id int) {
		row := p.floats(worker, cols)
		read(id, row)
		switch to := e.row(id); f {
		case F32:
			for i, v := range row {
				binary.LittleEndian.PutUint32(to[4*i:], math.Float32bits(v))
			}
		case F16:
			for i, v := range row {
				binary.LittleEndian.PutUint16(to[2*i:], toF16(v))
			}
		case BF16:
			for i, v := range row {
				binary.LittleEndian.PutUint16(to[2*i:], toBF16(v))
			}
		}
	})
	return e
}

// EmbeddingFrom is the table [rows, cols] that data holds, little endian and row-major, which it keeps.
func EmbeddingFrom(f Form, rows, cols int, data []byte) (*Embedding, error) {
	if want := EmbeddingBytes(f, rows, cols); want == 0 || len(data) != want {
		return nil, fmt.Errorf("%d bytes in %s, expected %d for [%d, %d] in f32, f16 or bf16", len(data), f, want, rows, cols)
	}
	return &Embedding{form: f, rows: rows, cols: cols, data: data}, nil
}

// EmbeddingBytes is the size of a table [rows, cols] in a form, 0 in one that an Embedding cannot have.
func EmbeddingBytes(f Form, rows, cols int) int {
	switch f {
	case F32:
		return 4 * rows * cols
	case F16, BF16:
		return 2 * rows * cols
	}
	return 0
}

// Form is how the values are stored.
func (e *Embedding) Form() Form { return e.form }

// Data is the table as EmbeddingFrom takes it.
func (e *Embedding) Data() []byte { return e.data }

// Row widens row id into dst, [cols].
func (e *Embedding) Row(dst []float32, id int) {
	switch from := e.row(id); e.form {
	case F32:
		for i := range dst {
			dst[i] = math.Float32frombits(binary.LittleEndian.Uint32(from[4*i:]))
		}
	case F16:
		for i := range dst {
			dst[i] = fromF16(binary.LittleEndian.Uint16(from[2*i:]))
		}
	case BF16:
		for i := range dst {
			dst[i] = fromBF16(binary.LittleEndian.Uint16(from[2*i:]))
		}
	}
}

func (e *Embedding) row(id int) []byte {
	n := EmbeddingBytes(e.form, 1, e.cols)
	return e.data[id*n : (id+1)*n]
}
