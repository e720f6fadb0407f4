package cache

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"sync/atomic"

	"github.com/edsrzf/mmap-go"
	"golang.org/x/sync/errgroup"

	"github.com/mcllava/mcllava/internal/files"
)

// A prompt's file is, in little-endian numbers,
//
//	magic                                     16 bytes
//	version, bytes of a section, bytes of data uint64 each
//	name of the prompt                        32 bytes
//	CRC-32C of each section of the data       uint32 each
//	SHA-256 of all before
//	zeros up to a multiple of pageSize
//	data
//
// and nothing more. The checksums of sections are there to be quick, and are computed on all cores.
const (
	promptMagic   = "MCLLAVA-PROMPT\x00\x00"
	promptVersion = 1
	sectionSize   = 1 << 20
	promptPrefix  = len(promptMagic) + 24 + sha256.Size
	pageSize      = 1 << 12
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// promptStart is where the data begins of a prompt of so many bytes.
func promptStart(size int64) int64 {
	n := int64(promptPrefix) + 4*sections(size) + sha256.Size
	return (n + pageSize - 1) / pageSize * pageSize
}

func sections(size int64) int64 { return (size + sectionSize - 1) / sectionSize }

// Mapped is the data of a prompt, in a file that is mapped into memory where the system can do that.
type Mapped struct {
	Data   []byte // to be read, and only until Close
	mapped mmap.MMap
}

// Close gives up the data.
func (m *Mapped) Close() error {
	m.Data = nil
	if m.mapped == nil {
		return nil
	}
	return m.mapped.Unmap()
}

// Prompt finds what was stored of a prompt under a name, and counts as a use of it. A file that is not what StorePrompt wrote for
// the name is removed.
func (c *Cache) Prompt(name [32]byte) (*Mapped, bool) {
	if !c.usable() {
		return nil, false
	}
	path := c.path(name, promptSuffix)
	m, err := readPrompt(path, name)
	if isDamage(err) {
		_ = os.Remove(path)
	}
	if err != nil {
		return nil, false
	}
	touch(path)
	return m, true
}

// HasPrompt says whether there is a prompt of a name, as its header says, which counts as a use of it.
func (c *Cache) HasPrompt(name [32]byte) bool {
	if !c.usable() {
		return false
	}
	f, _, _, err := openPrompt(c.path(name, promptSuffix), name)
	if err != nil {
		return false
	}
	touch(f.Name())
	return f.Close() == nil
}

// openPrompt opens a file and reads its header: the size of its data, and the checksums of its sections.
func openPrompt(path string, name [32]byte) (f *os.File, size int64, sums []uint32, err error) {
	if folder := filepath.Dir(path); !isFolder(folder) {
		return nil, 0, nil, &fs.PathError{Op: "open", Path: folder, Err: fs.ErrNotExist}
	}
	if f, err = files.OpenRegular(path); err != nil {
		return nil, 0, nil, err
	}
	info, err := f.Stat()
	if err == nil {
		size, sums, err = readPromptHeader(f, info.Size(), name)
	}
	if err != nil {
		_ = f.Close()
		return nil, 0, nil, err
	}
	return f, size, sums, nil
}

// readPrompt reads a file and checks all of it.
func readPrompt(path string, name [32]byte) (*Mapped, error) {
	f, size, sums, err := openPrompt(path, name)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	m, err := mapFile(f, promptStart(size)+size)
	if err != nil {
		return nil, err
	}
	if len(m.Data) != int(promptStart(size)+size) {
		err = damage("has changed")
	} else {
		m.Data = m.Data[promptStart(size):]
		err = checkSections(m.Data, sums)
	}
	if err != nil {
		_ = m.Close()
		return nil, err
	}
	return m, nil
}

// mapFile maps a file, or reads it where that fails.
func mapFile(f *os.File, size int64) (*Mapped, error) {
	if mapped, err := mmap.Map(f, mmap.RDONLY, 0); err == nil {
		return &Mapped{Data: mapped, mapped: mapped}, nil
	}
	data := make([]byte, size)
	if _, err := f.ReadAt(data, 0); err != nil {
		return nil, cutShort(err)
	}
	return &Mapped{Data: data}, nil
}

// readPromptHeader reads the header of a file of so many bytes.
func readPromptHeader(r io.Reader, file int64, name [32]byte) (size int64, sums []uint32, err error) {
	prefix := make([]byte, promptPrefix)
	if _, err := io.ReadFull(r, prefix); err != nil {
		return 0, nil, cutShort(err)
	}
	if !bytes.HasPrefix(prefix, []byte(promptMagic)) {
		return 0, nil, damage("is no file of a prompt")
	}
	numbers := prefix[len(promptMagic):]
	number := func(i int) int64 { return int64(binary.LittleEndian.Uint64(numbers[8*i:])) }
	size = number(2)
	switch {
	case number(0) != promptVersion || number(1) != sectionSize:
		return 0, nil, damage(fmt.Sprintf("has version %d, expected %d", number(0), promptVersion))
	case !bytes.Equal(numbers[24:], name[:]):
		return 0, nil, damage("has the name of another prompt")
	case size < 1 || size > file || promptStart(size)+size != file:
		return 0, nil, damage("is cut short, or longer than its data")
	}
	rest := make([]byte, 4*sections(size)+sha256.Size)
	if _, err := io.ReadFull(r, rest); err != nil {
		return 0, nil, cutShort(err)
	}
	text, stored := rest[:len(rest)-sha256.Size], rest[len(rest)-sha256.Size:]
	sum := sha256.New()
	sum.Write(prefix)
	sum.Write(text)
	if !bytes.Equal(sum.Sum(nil), stored) {
		return 0, nil, damage("does not match its checksum")
	}
	sums = make([]uint32, sections(size))
	for i := range sums {
		sums[i] = binary.LittleEndian.Uint32(text[4*i:])
	}
	return size, sums, nil
}

// checkSections compares data with the checksums of its sections, on all cores. A mapped file that is cut short meanwhile is damage.
func checkSections(data []byte, sums []uint32) error {
	var next atomic.Int64
	group, ctx := errgroup.WithContext(context.Background())
	for range runtime.GOMAXPROCS(0) {
		group.Go(func() (err error) {
			defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
			defer func() {
				if recover() != nil {
					err = damage("cannot be read to its end")
				}
			}()
			for ctx.Err() == nil {
				i := int(next.Add(1) - 1)
				if i >= len(sums) {
					break
				}
				section := data[i*sectionSize : min((i+1)*sectionSize, len(data))]
				if crc32.Checksum(section, castagnoli) != sums[i] {
					return damage("does not match its checksum")
				}
			}
			return nil
		})
	}
	return group.Wait()
}

// StorePrompt keeps what write writes, size bytes, under a name, unless there is something under it, or size alone is above the
// limit. The name is a checksum of all that a bit of the data depends on. After an error the cache is as it was, but that entries may
// have been evicted to make room.
func (c *Cache) StorePrompt(name [32]byte, size int64, write func(io.Writer) error) error {
	if size < 1 {
		return fmt.Errorf("a prompt of %d bytes, expected 1 or more", size)
	}
	if c.holdsNothing() || promptStart(size)+size > c.limit {
		return nil
	}
	if err := c.prepare(); err != nil || c.HasPrompt(name) {
		return err
	}
	f, err := files.Temp(c.folder, 0o600)
	if err != nil {
		return err
	}
	if err := writePrompt(f, name, size, write); err != nil {
		files.Discard(f)
		return err
	}
	return c.place(f, c.path(name, promptSuffix), func() bool { return c.HasPrompt(name) }, func() {})
}

func writePrompt(f *os.File, name [32]byte, size int64, write func(io.Writer) error) error {
	start := promptStart(size)
	if _, err := f.Seek(start, io.SeekStart); err != nil {
		return err
	}
	s := &sectionSums{}
	buffered := bufio.NewWriterSize(io.MultiWriter(f, s), sectionSize)
	if err := write(buffered); err != nil {
		return err
	}
	if err := buffered.Flush(); err != nil {
		return err
	}
	if s.size != size {
		return fmt.Errorf("a prompt of %d bytes, expected %d", s.size, size)
	}
	b := []byte(promptMagic)
	for _, n := range []int64{promptVersion, sectionSize, size} {
		b = binary.LittleEndian.AppendUint64(b, uint64(n))
	}
	b = append(b, name[:]...)
	for _, sum := range s.sums {
		b = binary.LittleEndian.AppendUint32(b, sum)
	}
	sum := sha256.Sum256(b)
	_, err := f.WriteAt(append(b, sum[:]...), 0)
	return err
}

// sectionSums computes the checksums of sections.
type sectionSums struct {
	size int64
	sums []uint32
}

func (s *sectionSums) Write(p []byte) (int, error) {
	n := len(p)
	for len(p) > 0 {
		if s.size%sectionSize == 0 {
			s.sums = append(s.sums, 0)
		}
		part := p[:min(int64(len(p)), sectionSize-s.size%sectionSize)]
		last := &s.sums[len(s.sums)-1]
		*last = crc32.Update(*last, castagnoli, part)
		s.size += int64(len(part))
		p = p[len(part):]
	}
	return n, nil
}
