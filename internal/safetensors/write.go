package safetensors

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"unicode/utf8"
)

// alignment is where tensor data starts in a file, so that a mapped file can be
// read with whole cache lines.
const alignment = 64

// Write writes a safetensors file. The same tensors in any order give the same
// bytes: those of larger elements first, which keeps every one aligned to its
// element, then by name.
func Write(w io.Writer, tensors []Tensor, metadata map[string]string) error {
	return WriteFunc(w, tensors, metadata, func(t Tensor) ([]byte, error) { return t.Data, nil })
}

// WriteFunc is Write for tensors too large to hold together: data is asked for
// each tensor's bytes when it is that tensor's turn, and may reuse one buffer.
// The Data of the tensors is not read.
func WriteFunc(w io.Writer, tensors []Tensor, metadata map[string]string, data func(Tensor) ([]byte, error)) error {
	tensors = slices.SortedFunc(slices.Values(tensors), func(a, b Tensor) int {
		if d := b.DType.Size() - a.DType.Size(); d != 0 {
			return d
		}
		return strings.Compare(a.Name, b.Name)
	})
	header, err := Header(tensors, metadata)
	if err != nil {
		return err
	}
	if _, err := w.Write(header); err != nil {
		return err
	}
	for _, t := range tensors {
		b, err := data(t)
		if err != nil {
			return fmt.Errorf("tensor %q: %w", t.Name, err)
		}
		if want, _ := byteLength(t.DType, t.Shape); int64(len(b)) != want {
			return fmt.Errorf("tensor %q: %d bytes of data, expected %d for %s %v", t.Name, len(b), want, t.DType, t.Shape)
		}
		if _, err := w.Write(b); err != nil {
			return err
		}
	}
	return nil
}

// WriteFile is Write to a file that appears under its name only when it is
// complete, replacing an older one.
func WriteFile(path string, tensors []Tensor, metadata map[string]string) error {
	return replaceFile(path, func(w io.Writer) error { return Write(w, tensors, metadata) })
}

// WriteFileFunc is WriteFunc to a file, as WriteFile is Write.
func WriteFileFunc(path string, tensors []Tensor, metadata map[string]string, data func(Tensor) ([]byte, error)) error {
	return replaceFile(path, func(w io.Writer) error { return WriteFunc(w, tensors, metadata, data) })
}

// Header returns everything that stands before the data of tensors that follow
// in this order. Its length is a multiple of 64 bytes.
func Header(tensors []Tensor, meta map[string]string) ([]byte, error) {
	var b bytes.Buffer
	b.Write(make([]byte, prefixSize))
	b.WriteByte('{')
	if len(meta) > 0 {
		for _, k := range slices.Sorted(maps.Keys(meta)) {
			if !utf8.ValidString(k) || !utf8.ValidString(meta[k]) {
				return nil, fmt.Errorf("metadata %q: not valid UTF-8", k)
			}
		}
		fmt.Fprintf(&b, "%q:%s", metadata, mustJSON(meta))
	}
	seen := map[string]bool{metadata: true}
	var at int64
	for _, t := range tensors {
		if seen[t.Name] {
			return nil, fmt.Errorf("tensor %q: the name is taken", t.Name)
		}
		seen[t.Name] = true
		if !utf8.ValidString(t.Name) {
			return nil, fmt.Errorf("tensor %q: the name is not valid UTF-8", t.Name)
		}
		n, err := byteLength(t.DType, t.Shape)
		if err != nil {
			return nil, fmt.Errorf("tensor %q: %w", t.Name, err)
		}
		if b.Len() > prefixSize+1 {
			b.WriteByte(',')
		}
		shape := t.Shape
		if shape == nil {
			shape = []int{}
		}
		fmt.Fprintf(&b, `%s:{"dtype":%q,"shape":%s,"data_offsets":[%d,%d]}`, mustJSON(t.Name), t.DType, mustJSON(shape), at, at+n)
		at += n
	}
	b.WriteByte('}')
	for b.Len()%alignment != 0 {
		b.WriteByte(' ')
	}
	n := b.Len() - prefixSize
	if n > maxHeader {
		return nil, fmt.Errorf("header of %d bytes, expected at most %d", n, maxHeader)
	}
	binary.LittleEndian.PutUint64(b.Bytes(), uint64(n))
	return b.Bytes(), nil
}

// mustJSON encodes valid strings and numbers, which cannot fail.
func mustJSON(v any) []byte {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return b
}

// replaceFile writes beside path and renames; on an error nothing is left. What is no regular file, such as a device, is written
// to as it is.
func replaceFile(path string, write func(io.Writer) error) (err error) {
	if info, err := os.Stat(path); err == nil && !info.Mode().IsRegular() {
		f, err := os.OpenFile(path, os.O_WRONLY, 0)
		if err != nil {
			return err
		}
		return errors.Join(write(f), f.Close())
	}
	temporary := filepath.Join(filepath.Dir(path), fmt.Sprintf(".%s.%016x", filepath.Base(path), rand.Uint64()))
	f, err := os.OpenFile(temporary, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = fmt.Errorf("%s: %w", path, errors.Join(err, os.Remove(temporary)))
		}
	}()
	b := bufio.NewWriterSize(f, 1<<20)
	err = write(b)
	if err == nil {
		err = b.Flush()
	}
	if err == nil {
		err = f.Sync()
	}
	if closed := f.Close(); err == nil {
		err = closed
	}
	if err != nil {
		return err
	}
	return os.Rename(temporary, path)
}
