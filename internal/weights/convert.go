package weights

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"

	"github.com/mcllava/mcllava/internal/files"
	"github.com/mcllava/mcllava/internal/safetensors"
	"github.com/mcllava/mcllava/internal/tensor"
)

// pieceBytes is how much of a tensor, in float32, is widened and packed at a time.
const pieceBytes = 8 << 20

// Conversion is a packed checkpoint to be made of published tensors. Its bytes depend on these and on the forms alone.
type Conversion struct {
	items  []Item // in the order of the file
	header []byte // with noSum for every checksum
	sums   []int  // where in the header each item's checksums stand
	starts []int64
	size   int64 // of the file
	source int64 // bytes of the published tensors
}

// NewConversion lays out the packed checkpoint of items that List gave for the same forms.
func NewConversion(items []Item, forms Forms) (*Conversion, error) {
	c := &Conversion{items: slices.SortedStableFunc(slices.Values(items), func(a, b Item) int {
		return cmp.Compare(a.place(), b.place())
	})}
	meta := map[string]string{
		formatKey: packedFormat, layoutKey: layoutVersion,
		visionKey: forms.Vision.String(), textKey: forms.Text.String(),
	}
	var stored []safetensors.Tensor
	for _, i := range c.items {
		stored = append(stored, i.stored())
		meta[i.Name] = i.entry().String()
	}
	var err error
	if c.header, err = safetensors.Header(stored, meta); err != nil {
		return nil, err
	}
	c.size = int64(len(c.header))
	for _, i := range c.items {
		before := fmt.Sprintf("%q:\"%s", i.Name, i.entry().description())
		at := bytes.Index(c.header, []byte(before))
		if at < 0 {
			return nil, fmt.Errorf("tensor %q: the name is not plain", i.Name)
		}
		c.sums = append(c.sums, at+len(before))
		c.starts = append(c.starts, c.size)
		c.size += i.Bytes()
		c.source += int64(len(i.source.Data))
	}
	return c, nil
}

// place keeps all tensors aligned: packed matrices take whole cache lines, and what has two bytes a value comes last.
func (i Item) place() int {
	switch {
	case i.matrix:
		return 0
	case i.Form == tensor.F32:
		return 1
	}
	return 2
}

// Size is the size of the file in bytes.
func (c *Conversion) Size() int64 { return c.size }

// WriteFile writes the packed checkpoint to a file on threads goroutines. Each tensor's checksums are put into the header once
// the tensor is there, so that a file which an earlier call did not finish is continued: what it has of the same conversion is
// checked and kept. Progress is called with the bytes done of the published tensors. The error names the tensor or the file, or
// is the context's.
func (c *Conversion) WriteFile(ctx context.Context, path string, threads int, progress func(done, total int64)) (err error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o666)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	done, same := c.recorded(f)
	if !same {
		if err := f.Truncate(0); err != nil {
			return err
		}
		if _, err := f.WriteAt(c.header, 0); err != nil {
			return err
		}
	}
	if err := f.Truncate(c.size); err != nil {
		return err
	}
	order := c.largestFirst()
	err = each(ctx, threads, len(order), c.source, progress, func(s *share, n int) error {
		i := order[n]
		if kept, err := c.kept(s, f, i, done[i]); kept || err != nil {
			return err
		}
		return c.write(s, f, i)
	})
	if err != nil {
		return err
	}
	if err := f.Sync(); err != nil {
		return err
	}
	files.Unload(f)
	return nil
}

// MadeFrom says whether a finished file is the outcome of the same conversion, by the checksums of the published tensors.
func (c *Conversion) MadeFrom(ctx context.Context, path string, threads int, progress func(done, total int64)) (bool, error) {
	f, err := os.Open(path)
	if err != nil {
		return false, err
	}
	defer func() { _ = f.Close() }()
	done, same := c.recorded(f)
	if !same {
		return false, nil
	}
	differs := errors.New("another source")
	err = each(ctx, threads, len(c.items), c.source, progress, func(s *share, i int) error {
		sum, err := s.sum(c.items[i].source.Data)
		if err == nil && sum != done[i].source {
			err = differs
		}
		return err
	})
	if errors.Is(err, differs) {
		return false, nil
	}
	return err == nil, err
}

// recorded reads the checksums in a file's header, if it is this conversion's.
func (c *Conversion) recorded(f *os.File) (done []entry, same bool) {
	done = make([]entry, len(c.items))
	header := make([]byte, len(c.header))
	if _, err := io.ReadFull(io.NewSectionReader(f, 0, int64(len(header))), header); err != nil {
		return done, false
	}
	blank := entry{sum: noSum, source: noSum}.sums()
	for i, at := range c.sums {
		sums := header[at : at+len(blank)]
		done[i].sum, done[i].source = string(sums[:len(noSum)]), string(sums[len(noSum)+1:])
		copy(sums, blank)
	}
	if !bytes.Equal(header, c.header) {
		return make([]entry, len(c.items)), false
	}
	return done, true
}

func (c *Conversion) largestFirst() []int {
	order := make([]int, len(c.items))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(c.items[b].Bytes(), c.items[a].Bytes()) })
	return order
}

// kept says whether the file has item i as its checksums say, made from what the published tensor is now.
func (c *Conversion) kept(s *share, f *os.File, i int, done entry) (bool, error) {
	if done.sum == "" || done.sum == noSum {
		return false, nil
	}
	source := c.items[i].source.Data
	sum, err := s.sum(source)
	if err != nil {
		return false, err
	}
	h := sha256.New()
	if _, err := io.Copy(h, io.NewSectionReader(f, c.starts[i], c.items[i].Bytes())); err != nil {
		return false, err
	}
	if sum == done.source && hex.EncodeToString(h.Sum(nil)) == done.sum {
		return true, nil
	}
	return false, s.advance(-len(source))
}

// write packs item i piece by piece.
func (c *Conversion) write(s *share, f *os.File, i int) error {
	item := c.items[i]
	rows, cols := item.size()
	step := pieceRows(cols)
	published := newRows(item.source, item.Form)
	sum, source := sha256.New(), sha256.New()
	for first := 0; first < rows; first += step {
		n := min(step, rows-first)
		from := published.bytes(first, n, cols)
		_, _ = source.Write(from)
		piece := item.piece(s.pool, published, first, n)
		if published.err != nil {
			return published.err
		}
		_, _ = sum.Write(piece)
		if _, err := f.WriteAt(piece, c.starts[i]+int64(item.bytes(first, cols))); err != nil {
			return err
		}
		if err := s.advance(len(from)); err != nil {
			return err
		}
	}
	sums := entry{sum: hex.EncodeToString(sum.Sum(nil)), source: hex.EncodeToString(source.Sum(nil))}.sums()
	_, err := f.WriteAt([]byte(sums), int64(c.sums[i]))
	return err
}

// pieceRows is the number of rows in a piece: whole panels, so that the pieces of a packed matrix follow each other.
func pieceRows(cols int) int {
	const panels = 64 // rows, a multiple of what is in one panel
	return max(1, pieceBytes/(4*cols*panels)) * panels
}

// piece is n rows of the item as they are stored.
func (i Item) piece(p *tensor.Pool, published *rows, first, n int) []byte {
	_, cols := i.size()
	read := func(o int, row []float32) { published.read(first+o, row) }
	if i.matrix {
		return tensor.Pack(p, i.Form, n, cols, read)
	}
	return tensor.NewEmbedding(p, i.Form, n, cols, read).Data()
}

// bytes is the data of n rows of cols values, from row first.
func (r *rows) bytes(first, n, cols int) []byte {
	size := cols * r.tensor.DType.Size()
	return r.tensor.Data[first*size : (first+n)*size]
}
