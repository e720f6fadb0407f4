package cache

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"
	"math"
	"os"
	"slices"
	"strings"
)

// Key is what features depend on: whatever changes a bit of them must change it. Its strings are UTF-8.
type Key struct {
	Picture    [sha256.Size]byte // checksum of the encoded picture
	Grid       string            // how the picture is cut, and by which version of the cutting
	Precision  string            // form that the vision tower is held and computed in
	Checkpoint string            // identity of the checkpoint, such as its Fingerprint
}

// name is the same for equal keys and for no others.
func (k Key) name() string {
	h := sha256.New()
	fmt.Fprintf(h, "%x %q %q %q", k.Picture, k.Grid, k.Precision, k.Checkpoint)
	return hex.EncodeToString(h.Sum(nil))
}

// Entry is the features of a picture's B crops.
type Entry struct {
	Keep     []int     // [B] rows of each crop, which are its last ones
	Width    int       // Dv
	Features []float32 // [Σ Keep, Dv]
}

// Last is the last keep[b] rows of each crop, [Σ keep, Dv]; false if there is a crop of which the entry has fewer, or if it has
// another number of crops. The result may be Features itself.
func (e Entry) Last(keep []int) ([]float32, bool) {
	if !covers(e.Keep, keep) {
		return nil, false
	}
	if slices.Equal(e.Keep, keep) {
		return e.Features, true
	}
	last := make([]float32, 0, rows(keep)*int64(e.Width))
	end := 0
	for b, k := range keep {
		end += e.Keep[b] * e.Width
		last = append(last, e.Features[end-k*e.Width:end]...)
	}
	return last, true
}

// covers says whether there are at least the wanted rows of each crop.
func covers(have, want []int) bool {
	return slices.EqualFunc(have, want, func(h, w int) bool { return h >= w && w >= 0 })
}

func rows(keep []int) int64 {
	var n int64
	for _, k := range keep {
		n += int64(k)
	}
	return n
}

func (e Entry) check() error {
	if e.Width < 1 || len(e.Keep) > 0 && slices.Min(e.Keep) < 0 || rows(e.Keep)*int64(e.Width) != int64(len(e.Features)) {
		return fmt.Errorf("features: %d values for %d crops with %d rows of %d", len(e.Features), len(e.Keep), rows(e.Keep), e.Width)
	}
	return nil
}

// An entry's file is
//
//	magic
//	version, length of the header   uint32, little endian
//	header                          JSON
//	features                        float32, little endian
//	SHA-256 of all before
//
// A later version may change everything after the version.
const (
	magic      = "MCLLAVA-FEATURES"
	version    = 1
	prefixSize = len(magic) + 8
	maxHeader  = 1 << 20
	chunk      = 1 << 16 // bytes that are converted at once
)

type header struct {
	Picture    string `json:"picture"`
	Grid       string `json:"grid"`
	Precision  string `json:"precision"`
	Checkpoint string `json:"checkpoint"`
	Keep       []int  `json:"keep"`
	Width      int    `json:"width"`
}

func newHeader(k Key, e Entry) header {
	return header{hex.EncodeToString(k.Picture[:]), k.Grid, k.Precision, k.Checkpoint, e.Keep, e.Width}
}

func (h header) key() (k Key, err error) {
	k = Key{Grid: h.Grid, Precision: h.Precision, Checkpoint: h.Checkpoint}
	sum, err := hex.DecodeString(h.Picture)
	if err != nil || len(sum) != sha256.Size {
		return k, damage("names no picture")
	}
	k.Picture = [sha256.Size]byte(sum)
	return k, nil
}

// damage is why a file is no entry, or not the one that its name says.
type damage string

func (d damage) Error() string { return string(d) }

func isDamage(err error) bool {
	var d damage
	return errors.As(err, &d)
}

// cutShort turns the end of a file into damage. What else keeps a file from being read says nothing about its content.
func cutShort(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return damage("is cut short")
	}
	return err
}

// encodeHeader is the bytes of an entry's file before its features.
func encodeHeader(k Key, e Entry) ([]byte, error) {
	text, err := json.Marshal(newHeader(k, e))
	if err != nil {
		return nil, err
	}
	if len(text) > maxHeader {
		return nil, fmt.Errorf("features: a header of %d bytes, expected at most %d", len(text), maxHeader)
	}
	b := []byte(magic)
	b = binary.LittleEndian.AppendUint32(b, version)
	b = binary.LittleEndian.AppendUint32(b, uint32(len(text)))
	return append(b, text...), nil
}

func fileSize(head []byte, e Entry) int64 {
	return int64(len(head)) + 4*int64(len(e.Features)) + sha256.Size
}

// write writes an entry's file. head is what encodeHeader made of it.
func write(w io.Writer, head []byte, e Entry) error {
	sum := sha256.New()
	both := io.MultiWriter(w, sum)
	if _, err := both.Write(head); err != nil {
		return err
	}
	buffer := make([]byte, 0, chunk)
	for values := range slices.Chunk(e.Features, chunk/4) {
		buffer = buffer[:0]
		for _, v := range values {
			buffer = binary.LittleEndian.AppendUint32(buffer, math.Float32bits(v))
		}
		if _, err := both.Write(buffer); err != nil {
			return err
		}
	}
	_, err := w.Write(sum.Sum(nil))
	return err
}

// readHeader reads what comes before the features in a file of so many bytes. The features that it announces are there.
func readHeader(r io.Reader, size int64) (header, error) {
	var h header
	prefix := make([]byte, prefixSize)
	if _, err := io.ReadFull(r, prefix); err != nil {
		return h, cutShort(err)
	}
	rest, ok := strings.CutPrefix(string(prefix), magic)
	if !ok {
		return h, damage("is no file of features")
	}
	if v := binary.LittleEndian.Uint32([]byte(rest)); v != version {
		return h, damage(fmt.Sprintf("has version %d, expected %d", v, version))
	}
	n := int64(binary.LittleEndian.Uint32([]byte(rest[4:])))
	if n > maxHeader {
		return h, damage(fmt.Sprintf("has a header of %d bytes, expected at most %d", n, maxHeader))
	}
	text := make([]byte, n)
	if _, err := io.ReadFull(r, text); err != nil {
		return h, cutShort(err)
	}
	if err := json.Unmarshal(text, &h); err != nil {
		return h, damage("has a header that cannot be read")
	}
	return h, h.checkSize(size - int64(prefixSize) - n - sha256.Size)
}

// checkSize compares the shape with the bytes that the features take.
func (h header) checkSize(size int64) error {
	const most = math.MaxInt32
	if h.Width < 1 || h.Width > most {
		return damage(fmt.Sprintf("has features of width %d", h.Width))
	}
	for _, k := range h.Keep {
		if k < 0 || k > most {
			return damage(fmt.Sprintf("has %d rows of a crop", k))
		}
	}
	// No product overflows: rows is below 2^31 · maxHeader, and more than the bytes that there are ends here.
	n := rows(h.Keep)
	switch wanted := 4 * int64(h.Width); {
	case size < 0 || n > size/wanted:
		return damage("is cut short")
	case n*wanted != size:
		return damage("is longer than its features")
	}
	return nil
}

// file is an entry's file that is read up to its features.
type file struct {
	*os.File
	header header
	sum    hash.Hash // of what was read by Read
}

// Read adds what it reads to the checksum.
func (f *file) Read(p []byte) (int, error) {
	n, err := f.File.Read(p)
	f.sum.Write(p[:n])
	return n, err
}

func open(path string) (*file, error) {
	opened, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	f := &file{File: opened, sum: sha256.New()}
	info, err := f.Stat()
	if err == nil {
		f.header, err = readHeader(f, info.Size())
	}
	if err != nil {
		_ = f.Close()
		return nil, err
	}
	return f, nil
}

// read reads a file whole and checks all of it, but not that it stands under the name of its key.
func read(path string) (Key, Entry, error) {
	f, err := open(path)
	if err != nil {
		return Key{}, Entry{}, err
	}
	defer func() { _ = f.Close() }()
	e := Entry{Keep: f.header.Keep, Width: f.header.Width}
	if e.Features, err = f.features(); err != nil {
		return Key{}, Entry{}, err
	}
	found := f.sum.Sum(nil)
	stored := make([]byte, sha256.Size)
	if _, err := io.ReadFull(f, stored); err != nil {
		return Key{}, Entry{}, cutShort(err)
	}
	if !bytes.Equal(stored, found) {
		return Key{}, Entry{}, damage("does not match its checksum")
	}
	k, err := f.header.key()
	return k, e, err
}

func (f *file) features() ([]float32, error) {
	all := make([]float32, rows(f.header.Keep)*int64(f.header.Width))
	buffer := make([]byte, chunk)
	for values := range slices.Chunk(all, chunk/4) {
		b := buffer[:4*len(values)]
		if _, err := io.ReadFull(f, b); err != nil {
			return nil, cutShort(err)
		}
		for i := range values {
			values[i] = math.Float32frombits(binary.LittleEndian.Uint32(b[4*i:]))
		}
	}
	return all, nil
}

// peek reads the header of a file and looks at nothing else.
func peek(path string) (header, error) {
	f, err := open(path)
	if err != nil {
		return header{}, err
	}
	return f.header, f.Close()
}
