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
const identityVersion = "2-"

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
	samples := make([][]byte, len(names))
	reading := c.readSamples(samples, names)
	sum := sha256.New()
	settingsErr := addSettings(sum, c.Files)
	if err := cmp.Or(reading.Wait(), settingsErr); err != nil {
		return "", err
	}
	if c.packed != nil { // the checksums
		meta := c.tensors.Metadata()
		for _, key := range slices.Sorted(maps.Keys(meta)) {
			fmt.Fprintf(sum, "%q %q\n", key, meta[key])
		}
	}
	for i, name := range names {
		t, _ := c.tensors.Tensor(name)
		fmt.Fprintf(sum, "%q %s %v\n", name, t.DType, t.Shape)
		_, _ = sum.Write(samples[i]) // to a checksum: cannot fail
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

// readSamples begins to read the samples of some tensors, on several threads: each piece is a call of the system.
func (c *Checkpoint) readSamples(samples [][]byte, names []string) *errgroup.Group {
	const tensors = 64 // a task
	group := new(errgroup.Group)
	for first := 0; first < len(names); first += tensors {
		group.Go(func() (err error) {
			for i := first; i < min(first+tensors, len(names)); i++ {
				t, _ := c.tensors.Tensor(names[i])
				if samples[i], err = c.sample(t); err != nil {
					return err
				}
			}
			return nil
		})
	}
	return group
}

// sample is pieces of a tensor's data from its beginning to its end, equally far from each other.
func (c *Checkpoint) sample(t safetensors.Tensor) ([]byte, error) {
	const once = 32 << 10 // bytes that are read at once sooner than in pieces
	sample := make([]byte, min(len(t.Data), samplePieces*sampleBytes))
	step, size := 0, len(sample)
	if len(t.Data) > samplePieces*sampleBytes {
		step, size = (len(t.Data)-sampleBytes)/(samplePieces-1), sampleBytes
	}
	read := func(dst []byte, from int) error { return c.tensors.Sample(dst, t, from) }
	if size < len(sample) && len(t.Data) <= once {
		whole := make([]byte, len(t.Data))
		if err := c.tensors.Sample(whole, t, 0); err != nil {
			return nil, err
		}
		read = func(dst []byte, from int) error { copy(dst, whole[from:]); return nil }
	}
	for at := 0; at < len(sample); at += size {
		from := at / sampleBytes * step
		if at == (samplePieces-1)*sampleBytes && step > 0 {
			from = len(t.Data) - sampleBytes
		}
		if err := read(sample[at:at+size], from); err != nil {
			return nil, err
		}
	}
	return sample, nil
}
