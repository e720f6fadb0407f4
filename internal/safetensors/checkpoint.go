package safetensors

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"math"
	"os"
	"path/filepath"
	"slices"
	"unsafe"

	"github.com/edsrzf/mmap-go"

	"github.com/mcllava/mcllava/internal/fault"
	"github.com/mcllava/mcllava/internal/modelfile"
)

const (
	singleFile = "model.safetensors"
	indexFile  = "model.safetensors.index.json"
)

// Checkpoint is a set of named tensors from one or more files.
type Checkpoint struct {
	tensors  map[string]Tensor
	metadata map[string]string
	mapped   []mapping
}

// mapping is a file in memory.
type mapping struct {
	mmap.MMap
	file *os.File
	path string
}

// maxIndex is the most that is read of an index, in bytes.
const maxIndex = 16 << 20

// Open maps one safetensors file. The file must not be changed or shortened
// before Close.
func Open(path string) (*Checkpoint, error) {
	c := newCheckpoint()
	tensors, err := c.mapFile(path)
	if err != nil {
		return nil, errors.Join(err, c.Close())
	}
	c.add(tensors)
	return c, nil
}

// OpenFolder maps the checkpoint of a model folder: model.safetensors, or the
// shards listed in model.safetensors.index.json. A tensor that the index does
// not list is no part of the checkpoint. The files must not be changed or
// shortened before Close.
func OpenFolder(dir string) (*Checkpoint, error) {
	single := filepath.Join(dir, singleFile)
	if _, err := os.Stat(single); err == nil {
		return Open(single)
	} else if !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	index := filepath.Join(dir, indexFile)
	text, err := modelfile.Read(modelfile.Dir(dir), indexFile, maxIndex)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%s: holds neither %s nor %s", dir, singleFile, indexFile)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", dir, err)
	}
	shardOf, err := parseIndex(text)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", index, err)
	}
	c := newCheckpoint()
	if err := c.openShards(dir, shardOf); err != nil {
		return nil, errors.Join(err, c.Close())
	}
	return c, nil
}

// Parse reads a safetensors file that is in memory already; name stands for it
// in messages. The tensors alias data.
func Parse(name string, data []byte) (*Checkpoint, error) {
	tensors, meta, err := parse(name, data)
	if err != nil {
		return nil, err
	}
	c := newCheckpoint()
	c.metadata = meta
	c.add(tensors)
	return c, nil
}

// Tensor finds a tensor by name. Its data is valid until Close.
func (c *Checkpoint) Tensor(name string) (Tensor, bool) {
	t, ok := c.tensors[name]
	return t, ok
}

// Names lists the tensors in alphabetical order.
func (c *Checkpoint) Names() []string {
	return slices.Sorted(maps.Keys(c.tensors))
}

// Metadata is the free text of the header. Shards are read in alphabetical
// order and the first to name a key wins.
func (c *Checkpoint) Metadata() map[string]string {
	return maps.Clone(c.metadata)
}

// Forget says that a tensor's data have been used, so that a mapped file takes no more memory than what is being read of it.
// They can be read again all the same.
func (c *Checkpoint) Forget(t Tensor) {
	for _, m := range c.mapped {
		if len(t.Data) > 0 && within(m.MMap, t.Data) {
			forget(m.MMap, t.Data)
		}
	}
}

// Sample copies a stretch of a tensor's data that begins at byte at. A mapped file is read and not touched in memory, which is several
// times as fast for a few bytes here and there.
func (c *Checkpoint) Sample(dst []byte, t Tensor, at int) error {
	part := t.Data[at : at+len(dst)]
	for _, m := range c.mapped {
		if len(part) > 0 && within(m.MMap, part) {
			begin := uintptr(unsafe.Pointer(unsafe.SliceData(part))) - uintptr(unsafe.Pointer(unsafe.SliceData(m.MMap)))
			if _, err := m.file.ReadAt(dst, int64(begin)); err != nil {
				return fmt.Errorf("%s: %w", m.path, ErrChanged)
			}
			return nil
		}
	}
	copy(dst, part)
	return nil
}

// within says whether part is a stretch of whole.
func within(whole, part []byte) bool {
	begin := uintptr(unsafe.Pointer(unsafe.SliceData(whole)))
	at := uintptr(unsafe.Pointer(unsafe.SliceData(part)))
	return at >= begin && at+uintptr(len(part)) <= begin+uintptr(len(whole))
}

// ErrChanged says that a mapped file was cut short, so that what it held cannot be read any more.
var ErrChanged = errors.New("was changed while it was read (truncated?)")

// Changed is ErrChanged with the file's path for a *fault.Error of reading a mapped file, and any other error as it is. A fault of
// other memory is a panic again.
func (c *Checkpoint) Changed(err error) error {
	var at *fault.Error
	if !errors.As(err, &at) {
		return err
	}
	for _, m := range c.mapped {
		if begin := uintptr(unsafe.Pointer(unsafe.SliceData(m.MMap))); at.Address >= begin && at.Address-begin < uintptr(len(m.MMap)) {
			return fmt.Errorf("%s: %w", m.path, ErrChanged)
		}
	}
	at.Panic()
	return nil
}

// Whole is ErrChanged with the path of a mapped file that is no longer as long as it was. The end of a page behind the end of a
// file reads as zeros, so that a file which is cut short by less than a page makes no fault.
func (c *Checkpoint) Whole() error {
	for _, m := range c.mapped {
		if info, err := m.file.Stat(); err != nil || info.Size() < int64(len(m.MMap)) {
			return fmt.Errorf("%s: %w", m.path, ErrChanged)
		}
	}
	return nil
}

// Close unmaps the files; reading a mapped tensor's data after it is fatal.
func (c *Checkpoint) Close() error {
	var errs []error
	for _, m := range c.mapped {
		errs = append(errs, m.Unmap(), m.file.Close())
	}
	c.mapped, c.tensors = nil, nil
	return errors.Join(errs...)
}

func newCheckpoint() *Checkpoint {
	return &Checkpoint{tensors: map[string]Tensor{}, metadata: map[string]string{}}
}

func (c *Checkpoint) add(tensors []Tensor) {
	for _, t := range tensors {
		c.tensors[t.Name] = t
	}
}

// mapFile maps a file, keeps it for Close, merges its metadata and returns its
// tensors.
func (c *Checkpoint) mapFile(path string) (tensors []Tensor, err error) {
	f, size, err := modelfile.Open(path)
	if errors.Is(err, modelfile.ErrNotRegular) {
		return nil, fmt.Errorf("%s: %w", path, modelfile.ErrNotRegular)
	}
	if err != nil {
		return nil, err
	}
	kept := false
	defer func() {
		if !kept {
			_ = f.Close()
		}
	}()
	switch {
	case size < prefixSize:
		return nil, fmt.Errorf("%s: not a safetensors file: %d bytes, expected at least %d", path, size, prefixSize)
	case size > math.MaxInt:
		return nil, fmt.Errorf("%s: %d bytes are too many to map on this system", path, size)
	}
	m, err := mmap.MapRegion(f, int(size), mmap.RDONLY, 0, 0)
	if err != nil {
		return nil, fmt.Errorf("%s: map: %w", path, err)
	}
	largePages(m)
	c.mapped, kept = append(c.mapped, mapping{m, f, path}), true
	var meta map[string]string
	err = fault.Catch(func() (err error) {
		tensors, meta, err = parse(path, m)
		return err
	})
	if err != nil {
		return nil, c.Changed(err)
	}
	for k, v := range meta {
		if _, ok := c.metadata[k]; !ok {
			c.metadata[k] = v
		}
	}
	return tensors, nil
}

func (c *Checkpoint) openShards(dir string, shardOf map[string]string) error {
	index := filepath.Join(dir, indexFile)
	shards := slices.Compact(slices.Sorted(maps.Values(shardOf)))
	for _, shard := range shards {
		tensors, err := c.mapFile(filepath.Join(dir, filepath.FromSlash(shard)))
		if errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("%s: missing, but %s lists tensors in it", filepath.Join(dir, shard), index)
		}
		if err != nil {
			return err
		}
		for _, t := range tensors {
			if shardOf[t.Name] == shard {
				c.tensors[t.Name] = t
			}
		}
	}
	for _, name := range slices.Sorted(maps.Keys(shardOf)) {
		if _, ok := c.tensors[name]; !ok {
			return fmt.Errorf("%s: tensor %s is missing, but %s lists it there", filepath.Join(dir, shardOf[name]), modelfile.Quote(name), index)
		}
	}
	return nil
}

// parseIndex returns the shard of each tensor.
func parseIndex(text []byte) (map[string]string, error) {
	d := json.NewDecoder(bytes.NewReader(text))
	var shardOf map[string]string
	err := object(d, func(key string) (err error) {
		if key == "weight_map" {
			shardOf, err = stringMap(d)
			return err
		}
		var skipped json.RawMessage
		return d.Decode(&skipped)
	})
	if err != nil {
		return nil, err
	}
	if _, err := d.Token(); err != io.EOF {
		return nil, errors.New("text after the closing brace")
	}
	if len(shardOf) == 0 {
		return nil, errors.New("weight_map is missing or empty")
	}
	for name, shard := range shardOf {
		if !filepath.IsLocal(filepath.FromSlash(shard)) {
			return nil, fmt.Errorf("weight_map: %s: %s leads out of the folder", modelfile.Quote(name), modelfile.Quote(shard))
		}
	}
	return shardOf, nil
}
