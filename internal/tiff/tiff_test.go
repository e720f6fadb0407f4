package tiff

import (
	"bytes"
	"compress/zlib"
	"context"
	"encoding/binary"
	"errors"
	"image"
	"image/jpeg"
	"io"
	"runtime"
	"slices"
	"strings"
	"testing"
)

// written is a TIFF of a directory of SHORT and LONG fields behind 8 bytes of header and data.
func written(order binary.AppendByteOrder, data []byte, fields map[uint16][]uint32) []byte {
	out := []byte("II*\x00")
	if order == binary.AppendByteOrder(binary.BigEndian) {
		out = []byte("MM\x00*")
	}
	body := slices.Clone(data)
	var entries []byte
	tags := make([]uint16, 0, len(fields))
	for tag := range fields {
		tags = append(tags, tag)
	}
	slices.Sort(tags)
	for _, tag := range tags {
		values := fields[tag]
		var packed []byte
		for _, v := range values {
			packed = order.AppendUint32(packed, v)
		}
		entries = order.AppendUint16(entries, tag)
		entries = order.AppendUint16(entries, 4)
		entries = order.AppendUint32(entries, uint32(len(values)))
		if len(packed) > 4 {
			entries = order.AppendUint32(entries, uint32(8+len(body)))
			body = append(body, packed...)
		} else {
			entries = append(entries, packed...)
		}
	}
	out = order.AppendUint32(out, uint32(8+len(body)))
	out = append(out, body...)
	out = order.AppendUint16(out, uint16(len(fields)))
	out = append(out, entries...)
	return order.AppendUint32(out, 0)
}

// grey is a picture of 8×2 pixels, 0 to 15, with changes.
func grey(changes map[uint16][]uint32) (data []byte, fields map[uint16][]uint32) {
	for v := range 16 {
		data = append(data, byte(v))
	}
	fields = map[uint16][]uint32{
		tagWidth: {8}, tagLength: {2}, tagBitsPerSample: {8}, tagCompression: {1}, tagPhotometric: {1}, tagStripOffsets: {8},
		tagSamplesPerPixel: {1}, tagRowsPerStrip: {2}, tagStripByteCounts: {16},
	}
	for tag, values := range changes {
		if fields[tag] = values; values == nil {
			delete(fields, tag)
		}
	}
	return data, fields
}

func noJPEG([]byte) (*image.RGBA, error) { return nil, errors.New("no JPEG was expected") }

func decode(data []byte) (*image.NRGBA, error) {
	p, err := Read(data)
	if err != nil {
		return nil, err
	}
	return p.Decode(context.Background(), noJPEG)
}

func TestSamples(t *testing.T) {
	for name, c := range map[string]struct {
		changes map[uint16][]uint32
		want    []uint8 // red of the first pixels
	}{
		"as they are":       {nil, []uint8{0, 1, 2, 3, 4, 5, 6, 7, 8}},
		"white is 0":        {map[uint16][]uint32{tagPhotometric: {0}}, []uint8{255, 254, 253}},
		"low bits first":    {map[uint16][]uint32{tagFillOrder: {2}}, []uint8{0, 128, 64, 192}},
		"no count":          {map[uint16][]uint32{tagStripByteCounts: nil}, []uint8{0, 1, 2}},
		"a count of 0":      {map[uint16][]uint32{tagStripByteCounts: {0}}, []uint8{0, 1, 2}},
		"no rows":           {map[uint16][]uint32{tagRowsPerStrip: nil}, []uint8{0, 1, 2}},
		"no compression":    {map[uint16][]uint32{tagCompression: nil}, []uint8{0, 1, 2}},
		"predicted":         {map[uint16][]uint32{tagPredictor: {2}}, []uint8{0, 1, 3, 6, 10, 15, 21, 28, 8, 17}},
		"12 bits":           {map[uint16][]uint32{tagBitsPerSample: {12}, tagWidth: {5}}, []uint8{0x00, 0x10, 0x03, 0x40, 0x06, 0x08, 0x90}},
		"3 bits":            {map[uint16][]uint32{tagBitsPerSample: {3}, tagWidth: {16}}, []uint8{0, 0, 0, 0, 0, 145, 0, 72}},
		"16 bits":           {map[uint16][]uint32{tagBitsPerSample: {16}, tagWidth: {4}}, []uint8{1, 3, 5, 7}},
		"palette":           {map[uint16][]uint32{tagPhotometric: {3}, tagColorMap: make([]uint32, 768)}, []uint8{0, 0, 0}},
		"palette of 8 bits": {map[uint16][]uint32{tagPhotometric: {3}, tagColorMap: ramp(1)}, []uint8{0, 1, 2}},
		"strips":            {map[uint16][]uint32{tagRowsPerStrip: {1}, tagStripOffsets: {16, 8}, tagStripByteCounts: {8, 8}}, []uint8{8, 9}},
		"a missing alpha":   {map[uint16][]uint32{tagSamplesPerPixel: {2}, tagWidth: {4}}, []uint8{0, 2, 4, 6}},
	} {
		data, fields := grey(c.changes)
		m, err := decode(written(binary.LittleEndian, data, fields))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		for i, want := range c.want {
			if got := m.Pix[4*i]; got != want {
				t.Errorf("%s: pixel %d is %d, expected %d", name, i, got, want)
			}
		}
	}
	data, fields := grey(map[uint16][]uint32{tagBitsPerSample: {16}, tagWidth: {4}})
	if m, err := decode(written(binary.BigEndian, data, fields)); err != nil || m.Pix[4] != 2 {
		t.Errorf("16 bits, high byte first: %v, %v", m, err)
	}
}

func ramp(step uint32) (colours []uint32) {
	for i := range 768 {
		colours = append(colours, uint32(i)%256*step)
	}
	return colours
}

func TestRefusals(t *testing.T) {
	for name, c := range map[string]struct {
		changes map[uint16][]uint32
		want    string
	}{
		"preview":           {map[uint16][]uint32{tagNewSubfileType: {1}}, "begins with a reduced preview"},
		"no size":           {map[uint16][]uint32{tagWidth: nil}, "0×2 pixels"},
		"old JPEG":          {map[uint16][]uint32{tagCompression: {6}}, "old-style JPEG compression is not supported, convert it first"},
		"compression":       {map[uint16][]uint32{tagCompression: {999}}, "compression of kind 999 is not supported, convert it first"},
		"raw":               {map[uint16][]uint32{tagPhotometric: {32803}}, "a camera's raw samples"},
		"colours":           {map[uint16][]uint32{tagPhotometric: {77}}, "colours of kind 77 are not supported"},
		"no colours":        {map[uint16][]uint32{tagPhotometric: nil}, "tag 262"},
		"samples":           {map[uint16][]uint32{tagPhotometric: {2}}, "1 samples a pixel, expected 3"},
		"many samples":      {map[uint16][]uint32{tagSamplesPerPixel: {65535}}, "65535 samples"},
		"32 bits":           {map[uint16][]uint32{tagBitsPerSample: {32}}, "samples of 32 bits are not supported"},
		"0 bits":            {map[uint16][]uint32{tagBitsPerSample: {0}}, "samples of 0 bits"},
		"several bits":      {map[uint16][]uint32{tagSamplesPerPixel: {3}, tagPhotometric: {2}, tagBitsPerSample: {5, 6, 5}}, "samples of 5 and of 6 bits"},
		"predictor":         {map[uint16][]uint32{tagPredictor: {3}}, "predictor 3 of 8-bit samples"},
		"small tiles":       {map[uint16][]uint32{tagTileWidth: {1}, tagTileLength: {1}}, "tiles of 1×1"},
		"large tiles":       {map[uint16][]uint32{tagTileWidth: {1 << 20}, tagTileLength: {8}}, "tiles of 1048576×8"},
		"tall tiles":        {map[uint16][]uint32{tagLength: {1 << 24}, tagTileWidth: {1024}, tagTileLength: {1 << 24}}, "tiles of 1024×16777216"},
		"inks":              {map[uint16][]uint32{tagPhotometric: {5}, tagSamplesPerPixel: {4}, tagInkSet: {2}}, "inks other than CMYK"},
		"chroma":            {map[uint16][]uint32{tagPhotometric: {6}, tagSamplesPerPixel: {3}, tagYCbCrSubSampling: {3, 1}}, "chroma shared by 3×1"},
		"palette":           {map[uint16][]uint32{tagPhotometric: {3}}, "no palette"},
		"fax of bytes":      {map[uint16][]uint32{tagCompression: {3}}, "expected one bit"},
		"fax without codes": {map[uint16][]uint32{tagCompression: {3}, tagBitsPerSample: {1}, tagT4Options: {2}}, "fax with uncompressed parts"},
		"few strips":        {map[uint16][]uint32{tagRowsPerStrip: {1}}, "fewer strips or tiles"},
		"not JPEG":          {map[uint16][]uint32{tagCompression: {7}}, "is not a JPEG"},
	} {
		data, fields := grey(c.changes)
		m, err := decode(written(binary.LittleEndian, data, fields))
		if m != nil || err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, expected %q", name, err, c.want)
		}
	}
}

// What claims a large picture and holds little costs no more than that, and is an error that says so.
func TestClaimsCostNothing(t *testing.T) {
	for name, compression := range map[string]uint32{"as it is": 1, "LZW": 5, "Deflate": 8, "PackBits": 32773, "fax": 4, "fax of one dimension": 3} {
		changes := map[uint16][]uint32{tagWidth: {15000}, tagLength: {15000}, tagRowsPerStrip: {15000}, tagCompression: {compression}}
		if name[:3] == "fax" {
			changes[tagBitsPerSample] = []uint32{1}
		}
		data, fields := grey(changes)
		file := written(binary.LittleEndian, data, fields)
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		m, err := decode(file)
		runtime.ReadMemStats(&after)
		if m != nil || err == nil {
			t.Errorf("%s: a picture", name)
		}
		if spent := after.TotalAlloc - before.TotalAlloc; spent >= 32<<20 { // rows of bits, at most
			t.Errorf("%s: %d bytes were set aside", name, spent)
		}
	}
}

// Strips that are all the same large part of the file would take forever.
func TestOverlappingStrips(t *testing.T) {
	const rows = 1000
	offsets, counts := make([]uint32, rows), make([]uint32, rows)
	for i := range rows {
		offsets[i], counts[i] = 8, 9000
	}
	_, fields := grey(map[uint16][]uint32{
		tagLength: {rows}, tagRowsPerStrip: {1}, tagStripOffsets: offsets, tagStripByteCounts: counts, tagFillOrder: {2},
	})
	if _, err := decode(written(binary.LittleEndian, make([]byte, 9000), fields)); err == nil || !strings.Contains(err.Error(), "overlap") {
		t.Errorf("error %v", err)
	}
}

func TestPackBits(t *testing.T) {
	for data, want := range map[string]string{
		"\x02abc":         "abc",
		"\xfea\x80\x01bc": "aaabc", // a byte that means nothing between
		"\x02abcdefg":     "ab",    // more than is asked for
		"\xfe\xaa\x02\x80\x00\x2a\xfd\xaa\x03\x80\x00\x2a\x22\xf7\xaa": "\xaa\xaa\xaa\x80\x00\x2a\xaa\xaa\xaa\xaa\x80\x00\x2a\x22\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa",
	} {
		got := make([]byte, len(want))
		if _, err := io.ReadFull(&packBitsReader{from: strings.NewReader(data)}, got); err != nil || string(got) != want {
			t.Errorf("%q holds %q, %v", data, got, err)
		}
	}
	for _, data := range []string{"", "\x02", "\x02ab", "\xfe"} {
		if _, err := io.ReadFull(&packBitsReader{from: strings.NewReader(data)}, make([]byte, 3)); !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Errorf("%q: %v", data, err)
		}
	}
}

// The examples of codes in ITU-T T.4, and rows that no encoder would write.
func TestFax(t *testing.T) {
	for name, c := range map[string]struct {
		bits  string
		width int
		lines bool
		flat  bool
		want  string
		err   string
	}{
		"four white, three black, one white": {"1011 10 000111", 8, false, true, "00001110", ""},
		"black from the start":               {"00110101 11 1011 0011 1000", 10, false, true, "", "longer"},
		"a long run":                         {"00110101 0000001111 0000110111", 64, false, true, strings.Repeat("1", 64), ""},
		"two rows by differences": {
			"000000000001 1 1011 10 000111" + "000000000001 0 1 011 1", 8, true, false, "00001110" + "00001111", "",
		},
		"a row that leads back": {"000000000001 1 1011 010 1000" + "000000000001 0 1 0000010", 8, true, false, "", "back"},
		"no end of line":        {"1011 10 000111", 8, true, false, "", "end-of-line"},
		"an unknown code":       {"0000000000000000000000000000000000000000", 8, false, true, "", "unknown"},
		"an end":                {"1011", 8, false, true, "", "EOF"},
	} {
		bits := strings.ReplaceAll(c.bits, " ", "")
		var data []byte
		for i := 0; i < len(bits); i += 8 {
			var b byte
			for j, v := range (bits + "00000000")[i : i+8] {
				b |= byte(v-'0') << (7 - j)
			}
			data = append(data, b)
		}
		rows := len(c.want) / c.width
		if c.err != "" {
			rows = 2
		}
		got := make([]byte, rows*((c.width+7)/8))
		err := readFax(got, &faxReader{data: data}, c.width, c.lines, !c.flat)
		if c.err != "" {
			if err == nil || !strings.Contains(err.Error(), c.err) {
				t.Errorf("%s: %v, expected %q", name, err, c.err)
			}
			continue
		}
		var want []byte
		for i, v := range c.want {
			if i%8 == 0 {
				want = append(want, 0)
			}
			want[i/8] |= byte(v-'0') << (7 - i%8)
		}
		if err != nil || !bytes.Equal(got, want) {
			t.Errorf("%s: %08b, %v; expected %08b", name, got, err, want)
		}
	}
}

func TestLab(t *testing.T) {
	for _, c := range []struct {
		l, a, b float64
		want    [3]uint8
	}{
		{0, 0, 0, [3]uint8{0, 0, 0}},
		{255, 0, 0, [3]uint8{255, 255, 255}},
		{53.585 * 2.55, 0, 0, [3]uint8{128, 128, 128}}, // lightness of sRGB's middle grey
		{54.29 * 2.55, 80.81, 69.89, [3]uint8{255, 0, 0}},
		{87.82 * 2.55, -79.27, 80.99, [3]uint8{0, 255, 0}},
		{29.57 * 2.55, 68.30, -112.03, [3]uint8{0, 0, 255}},
	} {
		var got [3]uint8
		lab(got[:], c.l, c.a, c.b)
		for i := range got {
			if d := int(got[i]) - int(c.want[i]); d < -1 || d > 1 {
				t.Errorf("%v is %v, expected %v", c, got, c.want)
			}
		}
	}
}

// One strip of all rows is read in bands, so that beside the picture little is held; a JPEG's pixels become the picture's.
func TestOneStripIsNotHeldTwice(t *testing.T) {
	const width, height = 2000, 1500
	raw := make([]byte, width*height*6)
	for i := range raw {
		raw[i] = byte(i / 7)
	}
	var packed, photo bytes.Buffer
	z := zlib.NewWriter(&packed)
	_, _ = z.Write(raw)
	_ = z.Close()
	whole := image.NewRGBA(image.Rect(0, 0, width, height))
	if err := jpeg.Encode(&photo, whole, nil); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		bits, compression uint32
		data              []byte
	}{
		"deflate of 16 bits":     {16, 8, packed.Bytes()},
		"as they are of 16 bits": {16, 1, raw},
		"as they are of 8 bits":  {8, 1, raw[:width*height*3]},
		"JPEG":                   {8, 7, photo.Bytes()},
	} {
		file := written(binary.LittleEndian, c.data, map[uint16][]uint32{
			tagWidth: {width}, tagLength: {height}, tagBitsPerSample: {c.bits, c.bits, c.bits}, tagCompression: {c.compression},
			tagPhotometric: {2}, tagStripOffsets: {8}, tagSamplesPerPixel: {3}, tagStripByteCounts: {uint32(len(c.data))},
		})
		p, err := Read(file)
		if err != nil {
			t.Fatal(err)
		}
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		m, err := p.Decode(t.Context(), func([]byte) (*image.RGBA, error) { return whole, nil })
		runtime.ReadMemStats(&after)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		at := 4 * (width*height - 1)
		if c.compression == 7 {
			if &m.Pix[0] != &whole.Pix[0] {
				t.Errorf("%s: pixels were copied", name)
			}
		} else if step := int(c.bits / 8); m.Pix[at] != raw[(3*(width*height-1)+1)*step-1] {
			t.Errorf("%s: the last pixel is %v", name, m.Pix[at:])
		}
		if spent := after.TotalAlloc - before.TotalAlloc; spent > 4*width*height+(2<<20) {
			t.Errorf("%s: %d bytes were set aside for %d pixels", name, spent, width*height)
		}
		inside := func([]byte) float64 { return 5.5 }
		if got := p.Memory(inside); c.compression == 7 && got != 5.5 || c.compression != 7 && (got < 4 || got > 4.5) {
			t.Errorf("%s: a memory of %v bytes a pixel", name, got)
		}
	}
}

// A decoder ends with its context.
func TestDecodeIsInterrupted(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	data, fields := grey(nil)
	p, err := Read(written(binary.LittleEndian, data, fields))
	if err != nil {
		t.Fatal(err)
	}
	if m, err := p.Decode(ctx, noJPEG); m != nil || !errors.Is(err, context.Canceled) {
		t.Errorf("%v, %v", m, err)
	}
}

func TestProfile(t *testing.T) {
	profile := map[uint16][]uint32{tagProfile: {1, 2, 3}}
	for photometric, want := range map[uint32]int{1: 12, 5: 0, 8: 0, 9: 0} {
		profile[tagPhotometric] = []uint32{photometric}
		data, fields := grey(profile)
		if got := Profile(written(binary.BigEndian, data, fields)); len(got) != want {
			t.Errorf("colours of kind %d: a profile of %d bytes, expected %d", photometric, len(got), want)
		}
	}
}
