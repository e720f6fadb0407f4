package checkpoint

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"slices"

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
	sum := sha256.New()
	if err := addSettings(sum, c.Files); err != nil {
		return "", err
	}
	if c.packed != nil { // the checksums
		meta := c.tensors.Metadata()
		for _, key := range slices.Sorted(maps.Keys(meta)) {
			fmt.Fprintf(sum, "%q %q\n", key, meta[key])
		}
	}
	names := c.tensors.Names()
	if len(names) == 0 {
		return "", errors.New("the checkpoint is closed")
	}
	for _, name := range names {
		t, _ := c.tensors.Tensor(name)
		fmt.Fprintf(sum, "%q %s %v\n", name, t.DType, t.Shape)
		if err := c.addSample(sum, t); err != nil {
			return "", err
		}
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

// addSample writes pieces of a tensor's data from its beginning to its end, equally far from each other.
func (c *Checkpoint) addSample(w io.Writer, t safetensors.Tensor) error {
	var room [samplePieces * sampleBytes]byte
	sample := room[:min(len(t.Data), len(room))]
	step, size := 0, len(sample)
	if len(t.Data) > len(room) {
		step, size = (len(t.Data)-sampleBytes)/(samplePieces-1), sampleBytes
	}
	for at := 0; at < len(sample); at += size {
		from := at / sampleBytes * step
		if at == len(room)-sampleBytes && step > 0 {
			from = len(t.Data) - sampleBytes
		}
		if err := c.tensors.Sample(sample[at:at+size], t, from); err != nil {
			return err
		}
	}
	_, _ = w.Write(sample) // to a checksum: cannot fail
	return nil
}
