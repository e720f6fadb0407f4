package checkpoint

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"syscall"

	"github.com/gofrs/flock"

	"github.com/mcllava/mcllava/internal/modelfile"
	"github.com/mcllava/mcllava/internal/weights"
)

// ConvertOptions say what is converted to what.
type ConvertOptions struct {
	From      string // a published checkpoint, as Open takes it
	To        string // a folder that is new, empty, or has what an interrupted conversion left
	Precision Precision
	Threads   int                     // as in OpenOptions
	Progress  func(done, total int64) // called with the bytes of weights read, if not nil
}

// The files of a converted checkpoint besides those that are copied. The lock is held while the others are written, and the
// partial file is renamed once it is whole.
const (
	weightsFile = "model.safetensors"
	partialFile = weightsFile + ".partial"
	lockFile    = weightsFile + ".lock"
)

// copied are the files that a converted checkpoint has from the published one, if that has them.
var copied = []string{
	configFile, preprocessorFile, processorFile, "generation_config.json", "tokenizer.json", "tokenizer_config.json", "vocab.json",
	"merges.txt", "added_tokens.json", "special_tokens_map.json",
}

// maxCopied is the most that is read of a file that is copied, in bytes.
const maxCopied = 64 << 20

// Convert writes the checkpoint o.From to the folder o.To as the model holds it in a precision, so that it is opened by mapping
// it. What an interrupted conversion of the same values to the same precision has written is kept, and the outcome is the same
// to the byte. If the folder has the whole of it already, nothing is written and already is true. The error names what is wrong
// with either checkpoint, or is the context's.
func Convert(ctx context.Context, o ConvertOptions) (already bool, err error) {
	c, err := Open(o.From)
	if err != nil {
		return false, err
	}
	defer c.Close()
	w, err := layOut(c, o.Precision)
	if err != nil {
		return false, fmt.Errorf("%s: %w", c.Name, err)
	}
	t := target{folder: o.To, source: c, weights: w, options: o}
	already, err = t.write(ctx)
	if errors.Is(err, syscall.ENOSPC) {
		err = fmt.Errorf("%w; it takes %.1f MB in all: make room and run the same command again, which goes on from there", err, float64(w.Size())/1e6)
	}
	return already, err
}

// layOut reads all of a published checkpoint but its values.
func layOut(c *Checkpoint, asked Precision) (*weights.Conversion, error) {
	if c.packed != nil {
		return nil, fmt.Errorf("converted already (%s), expected a published checkpoint", c.Own)
	}
	forms, err := c.Forms(asked)
	if err != nil {
		return nil, err
	}
	if _, _, err := c.Tokenizer(); err != nil {
		return nil, err
	}
	items, err := c.items(forms)
	if err != nil {
		return nil, err
	}
	return weights.NewConversion(items, forms)
}

// target is a folder that a checkpoint is converted into.
type target struct {
	folder  string
	source  *Checkpoint
	weights *weights.Conversion
	options ConvertOptions
}

func (t *target) path(name string) string { return filepath.Join(t.folder, name) }

func (t *target) write(ctx context.Context) (already bool, err error) {
	defer t.source.Guard(&err)()
	if err := t.claim(); err != nil {
		return false, err
	}
	if t.finished() {
		return true, t.confirm(ctx)
	}
	lock := flock.New(t.path(lockFile))
	locked, err := lock.TryLock()
	if err != nil {
		return false, err
	}
	if !locked {
		return false, fmt.Errorf("%s: being written by another process", t.folder)
	}
	defer func() {
		err = errors.Join(err, lock.Unlock())
		if t.finished() {
			_ = os.Remove(t.path(lockFile))
		}
	}()
	if t.finished() {
		return true, t.confirm(ctx)
	}
	for _, name := range copied {
		if err := t.copy(name); err != nil {
			return false, err
		}
	}
	if err := t.weights.WriteFile(ctx, t.path(partialFile), t.options.Threads, t.options.Progress); err != nil {
		return false, err
	}
	return false, os.Rename(t.path(partialFile), t.path(weightsFile))
}

func (t *target) finished() bool {
	_, err := os.Stat(t.path(weightsFile))
	return err == nil
}

// claim makes the folder, and refuses one that holds anything but what Convert writes.
func (t *target) claim() error {
	if err := os.MkdirAll(t.folder, 0o777); err != nil {
		return err
	}
	entries, err := os.ReadDir(t.folder)
	if err != nil {
		return err
	}
	ours := append([]string{weightsFile, partialFile, lockFile}, copied...)
	for _, e := range entries {
		if !slices.Contains(ours, e.Name()) {
			return fmt.Errorf("%s: holds %s, expected a new or empty folder", t.folder, e.Name())
		}
	}
	if len(entries) > 0 && !slices.ContainsFunc(entries, func(e fs.DirEntry) bool { return slices.Contains(ours[:3], e.Name()) }) {
		return fmt.Errorf("%s: holds %s, expected a new or empty folder", t.folder, entries[0].Name())
	}
	return nil
}

// confirm is an error unless the folder has what would be written. The lock of a conversion that was killed once it had named the
// weights is taken away: nobody writes any more, and whoever gets it finds them.
func (t *target) confirm(ctx context.Context) error {
	if err := t.compare(ctx); err != nil {
		return err
	}
	_ = os.Remove(t.path(lockFile))
	return nil
}

// compare is an error unless the folder has what would be written.
func (t *target) compare(ctx context.Context) error {
	same, err := t.weights.MadeFrom(ctx, t.path(weightsFile), t.options.Threads, t.options.Progress)
	for _, name := range copied {
		if same && err == nil {
			same, err = t.sameFile(name)
		}
	}
	if err == nil && !same {
		err = fmt.Errorf("%s: holds a checkpoint of other values or in another form, expected a new or empty folder", t.folder)
	}
	return err
}

// read is the content of a file to be copied, nil if the published checkpoint has none.
func (t *target) read(name string) ([]byte, error) {
	data, err := modelfile.Read(t.source.Files, name, maxCopied)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	return data, err
}

func (t *target) copy(name string) error {
	data, err := t.read(name)
	if err != nil || data == nil {
		return err
	}
	return os.WriteFile(t.path(name), data, 0o666)
}

func (t *target) sameFile(name string) (bool, error) {
	want, err := t.read(name)
	if err != nil {
		return false, err
	}
	got, err := os.ReadFile(t.path(name))
	if errors.Is(err, fs.ErrNotExist) {
		return want == nil, nil
	}
	return bytes.Equal(got, want) && want != nil, err
}
