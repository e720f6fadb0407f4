package cache

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"io"
	"io/fs"
	"iter"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"slices"
	"sync/atomic"
	"unsafe"

	"github.com/edsrzf/mmap-go"
	"golang.org/x/sync/errgroup"

	"github.com/mcllava/mcllava/internal/files"
)

// A prompt's file is, in little-endian numbers,
//
//	magic                                  16 bytes
//	version, bytes of data, stretches      uint64 each
//	name of the prompt                     32 bytes
//	zeros up to pageSize
//	data: stretches, and room between them that takes no disk where the file system has holes
//	of each stretch: where in the data it begins, its bytes, its CRC-32C   uint64, uint64, uint32
//	SHA-256 of all but the data and the zeros
//
// and nothing more. The checksums of stretches are there to be quick, and are computed on all cores.
const (
	promptMagic   = "MCLLAVA-PROMPT\x00\x00"
	promptVersion = 2
	promptPrefix  = len(promptMagic) + 24 + 32
	stretchBytes  = 8 + 8 + 4
	pageSize      = 1 << 12 // where the data begins
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// stretch is a part of a prompt's data that holds something.
type stretch struct {
	from, to int64
	sum      uint32
}

// Mapped is the data of a prompt, in a file that is mapped into memory where the system can do that. It begins at a page.
type Mapped struct {
	Data   []byte // the caller's until Close; what is written to it does not reach the file
	Path   string
	mapped mmap.MMap
}

// Holds says whether an address in memory is within the data.
func (m *Mapped) Holds(address uintptr) bool {
	begin := uintptr(unsafe.Pointer(unsafe.SliceData(m.Data)))
	return address >= begin && address-begin < uintptr(len(m.Data))
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

// openPrompt opens a file and reads its header: the size of its data, and the stretches.
func openPrompt(path string, name [32]byte) (f *os.File, size int64, stretches []stretch, err error) {
	if folder := filepath.Dir(path); !isFolder(folder) {
		return nil, 0, nil, &fs.PathError{Op: "open", Path: folder, Err: fs.ErrNotExist}
	}
	if f, err = files.OpenRegular(path); err != nil {
		return nil, 0, nil, err
	}
	info, err := f.Stat()
	if err == nil {
		size, stretches, err = readPromptHeader(f, info.Size(), name)
	}
	if err != nil {
		_ = f.Close()
		return nil, 0, nil, err
	}
	return f, size, stretches, nil
}

// readPrompt reads a file and checks all of it.
func readPrompt(path string, name [32]byte) (*Mapped, error) {
	f, size, stretches, err := openPrompt(path, name)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	m, err := mapFile(f, pageSize+size)
	if err != nil {
		return nil, err
	}
	m.Path = path
	if len(m.Data) < int(pageSize+size) {
		err = damage("has changed")
	} else {
		m.Data = m.Data[pageSize : pageSize+size : pageSize+size]
		err = checkStretches(m.Data, stretches)
	}
	if err != nil {
		_ = m.Close()
		return nil, err
	}
	return m, nil
}

// mapFile maps a file, or reads so much of it where that fails.
func mapFile(f *os.File, size int64) (*Mapped, error) {
	if mapped, err := mmap.Map(f, mmap.COPY, 0); err == nil {
		return &Mapped{Data: mapped, mapped: mapped}, nil
	}
	data := make([]byte, size+pageSize)
	data = data[-int(uintptr(unsafe.Pointer(unsafe.SliceData(data))))&(pageSize-1):][:size]
	if _, err := f.ReadAt(data, 0); err != nil {
		return nil, cutShort(err)
	}
	return &Mapped{Data: data}, nil
}

// readPromptHeader reads what is not data of a file of so many bytes.
func readPromptHeader(r io.ReaderAt, file int64, name [32]byte) (size int64, stretches []stretch, err error) {
	prefix := make([]byte, promptPrefix)
	if _, err := r.ReadAt(prefix, 0); err != nil {
		return 0, nil, cutShort(err)
	}
	if !bytes.HasPrefix(prefix, []byte(promptMagic)) {
		return 0, nil, damage("is no file of a prompt")
	}
	numbers := prefix[len(promptMagic):]
	number := func(i int) int64 { return int64(binary.LittleEndian.Uint64(numbers[8*i:])) }
	size = number(1)
	rest := file - pageSize - size - sha256.Size // of the table
	switch {
	case number(0) != promptVersion:
		return 0, nil, damage(fmt.Sprintf("has version %d, expected %d", number(0), promptVersion))
	case !bytes.Equal(numbers[24:], name[:]):
		return 0, nil, damage("has the name of another prompt")
	case size < 1 || size > file || rest < 0 || rest%stretchBytes != 0 || rest/stretchBytes != number(2):
		return 0, nil, damage("is cut short, or longer than its data")
	}
	table := make([]byte, rest+sha256.Size)
	if _, err := r.ReadAt(table, pageSize+size); err != nil {
		return 0, nil, cutShort(err)
	}
	table, stored := table[:rest], table[rest:]
	sum := sha256.New()
	sum.Write(prefix)
	sum.Write(table)
	if !bytes.Equal(sum.Sum(nil), stored) {
		return 0, nil, damage("does not match its checksum")
	}
	end := int64(0)
	for row := range slices.Chunk(table, stretchBytes) {
		from, length := int64(binary.LittleEndian.Uint64(row)), int64(binary.LittleEndian.Uint64(row[8:]))
		if from < end || length < 1 || length > size || from > size-length {
			return 0, nil, damage("has stretches that overlap, or leave its data")
		}
		end = from + length
		stretches = append(stretches, stretch{from, end, binary.LittleEndian.Uint32(row[16:])})
	}
	return size, stretches, nil
}

// checkStretches compares data with the checksums of its stretches, on all cores. A mapped file that is cut short meanwhile is damage.
func checkStretches(data []byte, stretches []stretch) error {
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
				if i >= len(stretches) {
					break
				}
				s := stretches[i]
				if crc32.Checksum(data[s.from:s.to], castagnoli) != s.sum {
					return damage("does not match its checksum")
				}
			}
			return nil
		})
	}
	return group.Wait()
}

// StorePrompt keeps data of size bytes under a name, of which parts are the stretches that hold something, and where they begin, in
// rising order; the rest is zeros. It keeps nothing if there is something under the name, or size alone is above the limit. The name is
// a checksum of all that a bit of the data depends on. After an error the cache is as it was, but that entries may have been evicted to
// make room.
func (c *Cache) StorePrompt(name [32]byte, size int64, parts iter.Seq2[int64, []byte]) error {
	if size < 1 {
		return fmt.Errorf("a prompt of %d bytes, expected 1 or more", size)
	}
	if c.holdsNothing() || pageSize+size > c.limit {
		return nil
	}
	if err := c.prepare(); err != nil || c.HasPrompt(name) {
		return err
	}
	f, err := files.Temp(c.folder, 0o600)
	if err != nil {
		return err
	}
	if err := writePrompt(f, name, size, parts); err != nil {
		files.Discard(f)
		return err
	}
	return c.place(f, c.path(name, promptSuffix), func() bool { return c.HasPrompt(name) }, func() {})
}

func writePrompt(f *os.File, name [32]byte, size int64, parts iter.Seq2[int64, []byte]) error {
	var table []byte
	count, end := 0, int64(0)
	for at, b := range parts {
		if at < end || len(b) == 0 || int64(len(b)) > size || at > size-int64(len(b)) {
			return fmt.Errorf("a stretch of %d bytes at %d, expected some from %d to %d", len(b), at, end, size)
		}
		if _, err := f.WriteAt(b, pageSize+at); err != nil {
			return err
		}
		end = at + int64(len(b))
		table = binary.LittleEndian.AppendUint64(table, uint64(at))
		table = binary.LittleEndian.AppendUint64(table, uint64(len(b)))
		table = binary.LittleEndian.AppendUint32(table, crc32.Checksum(b, castagnoli))
		count++
	}
	prefix := []byte(promptMagic)
	for _, n := range []int64{promptVersion, size, int64(count)} {
		prefix = binary.LittleEndian.AppendUint64(prefix, uint64(n))
	}
	prefix = append(prefix, name[:]...)
	sum := sha256.New()
	sum.Write(prefix)
	sum.Write(table)
	if _, err := f.WriteAt(sum.Sum(table), pageSize+size); err != nil {
		return err
	}
	_, err := f.WriteAt(prefix, 0)
	return err
}
