package checkpoint

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"slices"

	"golang.org/x/sync/errgroup"

	"github.com/mcllava/mcllava/internal/modelfile"
	"github.com/mcllava/mcllava/internal/safetensors"
)

// identityVersion begins every identity, and goes up when it is made in another way.
const identityVersion = "3-"

// Identity tells the checkpoint from others by its content: all bytes of its settings and its tokenizer, and of each tensor the
// name, the type, the shape and a sample of the bytes. It is the same for every copy, wherever it lies and however it is cut into
// shards. A checkpoint whose weights were scaled or trained on has another; one that differs in a few single values may have the
// same, unless it was converted: then the header has a checksum of all of them.
func (c *Checkpoint) Identity() (identity string, err error) {
	defer c.Guard(&err)()
	names := c.tensors.Names()
	if len(names) == 0 {
		return "", errors.New("the checkpoint is closed")
	}
	samples := make([][sha256.Size]byte, len(names))
	reading := c.readSamples(samples, names)
	sum := sha256.New()
	settingsErr := addSettings(sum, c.Files)
	if err := cmp.Or(reading.Wait(), settingsErr); err != nil {
		return "", err
	}
	if c.packed != nil { // the checksums
		meta := c.tensors.Metadata()
		for _, key := range slices.Sorted(maps.Keys(meta)) {
			fmt.Fprintf(sum, "%q %d\n", key, len(meta[key]))
			_, _ = io.WriteString(sum, meta[key]) // to a checksum: cannot fail
		}
	}
	for i, name := range names {
		t, _ := c.tensors.Tensor(name)
		fmt.Fprintf(sum, "%q %s %v\n", name, t.DType, t.Shape)
		_, _ = sum.Write(samples[i][:]) // to a checksum: cannot fail
	}
	return identityVersion + hex.EncodeToString(sum.Sum(nil)), nil
}

// addSettings writes the names and bytes of the files besides the weights that answers depend on.
func addSettings(w io.Writer, folder fs.FS) error {
	add := func(names ...string) (found bool, err error) {
		for _, name := range names {
			data, err := modelfile.Read(folder, name, maxCopied)
			switch {
			case err == nil:
				fmt.Fprintf(w, "%q %d\n", name, len(data))
				_, _ = w.Write(data) // to a checksum: cannot fail
				found = true
			case !errors.Is(err, fs.ErrNotExist):
				return found, err
			}
		}
		return found, nil
	}
	if _, err := add(configFile, preprocessorFile, processorFile, "tokenizer_config.json"); err != nil {
		return err
	}
	if whole, err := add("tokenizer.json"); err != nil || whole {
		return err
	}
	_, err := add("vocab.json", "merges.txt", "added_tokens.json") // are read only where there is no tokenizer.json
	return err
}

// The sample of a tensor: a tensor of no more bytes than all pieces together is taken whole.
const (
	samplePieces = 4
	sampleBytes  = 512 // a piece
)

// readSamples begins to read the samples of some tensors and to sum them up, on several threads: each piece is a call of the system.
func (c *Checkpoint) readSamples(sums [][sha256.Size]byte, names []string) *errgroup.Group {
	const tensors = 64 // a task
	group := new(errgroup.Group)
	for first := 0; first < len(names); first += tensors {
		group.Go(func() error {
			room := make([]byte, readOnce)
			for i := first; i < min(first+tensors, len(names)); i++ {
				t, _ := c.tensors.Tensor(names[i])
				sample, err := c.sample(room, t)
				if err != nil {
					return err
				}
				sums[i] = sha256.Sum256(sample)
			}
			return nil
		})
	}
	return group
}

// readOnce are so many bytes that they are read at once sooner than in pieces.
const readOnce = 32 << 10

// sample is pieces of a tensor's data from its beginning to its end, equally far from each other, in room, which holds readOnce bytes.
func (c *Checkpoint) sample(room []byte, t safetensors.Tensor) ([]byte, error) {
	size := len(t.Data)
	if size <= samplePieces*sampleBytes {
		return room[:size], c.tensors.Sample(room[:size], t, 0)
	}
	whole := size <= readOnce
	if whole {
		if err := c.tensors.Sample(room[:size], t, 0); err != nil {
			return nil, err
		}
	}
	for i := range samplePieces {
		from, piece := i*(size-sampleBytes)/(samplePieces-1), room[i*sampleBytes:][:sampleBytes]
		if whole {
			copy(piece, room[from:])
		} else if err := c.tensors.Sample(piece, t, from); err != nil {
			return nil, err
		}
	}
	return room[:samplePieces*sampleBytes], nil
}
