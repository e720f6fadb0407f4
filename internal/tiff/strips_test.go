package tiff

import (
	"bytes"
	"compress/zlib"
	"encoding/binary"
	"runtime"
	"testing"
)

// A strip costs little beside its pixels: what inflates is made once.
func TestManyStrips(t *testing.T) {
	const width, height = 9, 5000
	var data bytes.Buffer
	_, fields := grey(map[uint16][]uint32{
		tagWidth: {width}, tagLength: {height}, tagCompression: {8}, tagRowsPerStrip: {1}, tagStripOffsets: nil, tagStripByteCounts: nil,
	})
	w := zlib.NewWriter(nil)
	for y := range height { // pixel x, y is x + 7y
		start := data.Len()
		w.Reset(&data)
		for x := range width {
			_, _ = w.Write([]byte{uint8(x + 7*y)})
		}
		_ = w.Close()
		fields[tagStripOffsets] = append(fields[tagStripOffsets], uint32(8+start))
		fields[tagStripByteCounts] = append(fields[tagStripByteCounts], uint32(data.Len()-start))
	}
	p, err := Read(written(binary.LittleEndian, data.Bytes(), fields))
	if err != nil {
		t.Fatal(err)
	}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	m, err := p.Decode(t.Context(), noJPEG)
	runtime.ReadMemStats(&after)
	if err != nil {
		t.Fatal(err)
	}
	for y := range height {
		for x := range width {
			v := uint8(x + 7*y)
			if p := m.Pix[m.PixOffset(x, y):][:4]; p[0] != v || p[1] != v || p[2] != v || p[3] != 0xff {
				t.Fatalf("pixel %d, %d is %v, expected %d", x, y, p, v)
			}
		}
	}
	const most = 400 // bytes a strip
	if spent := after.TotalAlloc - before.TotalAlloc; spent > most*height {
		t.Errorf("%d bytes were set aside for each strip, expected at most %d", spent/height, most)
	}
}
