package dataset_test

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"testing"
	"time"

	"github.com/parquet-go/parquet-go"

	"github.com/mcllava/mcllava/internal/dataset"
)

// grown is by how many bytes the heap grew at most while work ran.
func grown(t *testing.T, work func()) int64 {
	t.Helper()
	sample := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}, {Name: "/memory/classes/heap/unused:bytes"}}
	heap := func() int64 {
		metrics.Read(sample)
		return int64(sample[0].Value.Uint64() + sample[1].Value.Uint64())
	}
	runtime.GC()
	debug.FreeOSMemory()
	before, most := heap(), int64(0)
	done, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		for {
			most = max(most, heap())
			select {
			case <-done:
				return
			case <-time.After(2 * time.Millisecond):
			}
		}
	}()
	work()
	close(done)
	<-stopped
	return max(most, heap()) - before
}

// noise is what a compressed picture looks like.
func noise(number, size int) []byte {
	b := make([]byte, size)
	_, _ = rand.NewChaCha8([32]byte{byte(number), byte(number >> 8)}).Read(b)
	return b
}

// TestMemoryOfTSV opens a table of 320 MB, of which it reads a picture of 3 MB now and then.
func TestMemoryOfTSV(t *testing.T) {
	if testing.Short() {
		t.Skip("writes and reads 320 MB")
	}
	const rows, size, most = 80, 3 << 20, 64 << 20
	path := filepath.Join(t.TempDir(), "large.tsv")
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	w := bufio.NewWriterSize(f, 1<<20)
	_, _ = fmt.Fprintln(w, "index\timage\tquestion\tanswer")
	for i := range rows {
		_, _ = fmt.Fprintf(w, "%d\t", i)
		e := base64.NewEncoder(base64.StdEncoding, w)
		_, _ = e.Write(noise(i, size))
		_ = e.Close()
		_, _ = fmt.Fprintf(w, "\tWhat is %d?\tnoise\n", i)
	}
	if err := w.Flush(); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	opens(t, path, rows, size, most)
}

// TestMemoryOfParquet does so with 150 MB of pictures, a row group of which has 25 MB.
func TestMemoryOfParquet(t *testing.T) {
	if testing.Short() {
		t.Skip("writes and reads 150 MB")
	}
	const rows, size, most = 150, 1 << 20, 64 << 20
	type row struct {
		Index    int64  `parquet:"index"`
		Question string `parquet:"question"`
		Answer   string `parquet:"answer"`
		Image    struct {
			Bytes []byte `parquet:"bytes,optional"`
		} `parquet:"image,optional"`
	}
	path := filepath.Join(t.TempDir(), "large.parquet")
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	w := parquet.NewGenericWriter[row](f, parquet.MaxRowsPerRowGroup(25), parquet.PageBufferSize(4<<20), parquet.Compression(&parquet.Snappy), parquet.SkipPageBounds("image", "bytes"))
	for i := range rows {
		r := row{Index: int64(i), Question: "What?", Answer: "noise"}
		r.Image.Bytes = noise(i, size)
		if _, err := w.Write([]row{r}); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	opens(t, path, rows, size, most)
}

// opens reads a table and every seventh picture, back and forth.
func opens(t *testing.T, path string, rows, size int, most int64) {
	t.Helper()
	growth := grown(t, func() {
		s, err := dataset.Open(dataset.TSV, path, dataset.Options{})
		if err != nil {
			t.Error(err)
			return
		}
		if len(s.Items) != rows {
			t.Errorf("%d items", len(s.Items))
		}
		for i := 0; i < rows; i += 7 {
			number := i
			if i%2 == 1 {
				number = i / 2
			}
			got, err := s.Items[number].Picture.Open()
			if err != nil || !bytes.Equal(got, noise(number, size)) {
				t.Errorf("picture %d: %d bytes, %v", number, len(got), err)
			}
		}
	})
	if growth > most {
		t.Errorf("the heap grew by %d MB, expected at most %d MB", growth>>20, most>>20)
	}
	t.Logf("the heap grew by %d MB", growth>>20)
}
