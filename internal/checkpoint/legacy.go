package checkpoint

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"io"
	"io/fs"
	"path"
)

// maxTensorHeader is the most that is read of a weight file's header. The published ones are below a megabyte.
const maxTensorHeader = 16 << 20

// LegacyIdentity is what Identity was before it followed the weights' values, so that outputs of that time can be resumed: a checksum
// of the configuration, and of each weight file's name, size and safetensors header, or of all its bytes if it has no time of
// modification, as a file that a program carries.
func (c *Checkpoint) LegacyIdentity() (string, error) { return legacyIdentity(c.Files) }

func legacyIdentity(folder fs.FS) (string, error) {
	files, err := fs.ReadDir(folder, ".")
	if err != nil {
		return "", err
	}
	sum := sha256.New()
	for _, f := range files {
		if f.IsDir() {
			continue
		}
		whole := false
		switch name := f.Name(); {
		case name == "config.json", name == "preprocessor_config.json", name == "model.safetensors.index.json":
			whole = true
		case path.Ext(name) != ".safetensors":
			continue
		}
		if err := addFile(sum, folder, f.Name(), whole); err != nil {
			return "", err
		}
	}
	return hex.EncodeToString(sum.Sum(nil)), nil
}

// addFile writes a file's name and size to w, and all of its bytes or its header.
func addFile(w io.Writer, folder fs.FS, name string, whole bool) error {
	f, err := folder.Open(name)
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	fmt.Fprintf(w, "%q %d ", name, info.Size())
	n := info.Size()
	if !whole && !info.ModTime().IsZero() {
		if n, err = headerSize(f, n); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	if _, err := io.CopyN(w, f, n); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return nil
}

// headerSize reads the length that a safetensors file of so many bytes begins with, and bounds it by what is there.
func headerSize(f io.Reader, size int64) (int64, error) {
	var length [8]byte
	if size < int64(len(length)) {
		return size, nil
	}
	if _, err := io.ReadFull(f, length[:]); err != nil {
		return 0, err
	}
	rest := uint64(size) - uint64(len(length))
	return int64(min(binary.LittleEndian.Uint64(length[:]), rest, maxTensorHeader)), nil
}
