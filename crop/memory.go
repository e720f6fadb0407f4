package crop

import (
	"encoding/binary"
	"iter"
	"runtime"
	"runtime/debug"
	"sync"
)

// limitMemory is what decoding may take, in bytes.
func limitMemory(lim Limits) float64 {
	const pixelBytes, more = 6, 200e6
	return pixelBytes*float64(lim.MaxPixels) + more
}

// memory is the bytes a pixel that decoding takes, as far as the header tells.
func (f format) memory(data []byte) float64 {
	const rgba, deep = 4, 8
	switch {
	case f.name == "JPEG":
		return memoryOfJPEG(data)
	case f.name == "PNG" && len(data) > 25 && data[24] == 16 && data[25] != 0: // grey has 2 bytes, and then 4
		return deep
	case f.name == "TIFF" && tiffDeep(data):
		return deep
	}
	return rgba + 2
}

// memoryOfJPEG is that of the planes and of the result, or of a progressive picture's coefficients, 4 bytes each, and of the planes.
func memoryOfJPEG(data []byte) float64 {
	const (
		progressive = 0xc2
		head, each  = 6, 3 // bytes, of a frame header and of a component
	)
	for marker, body := range jpegSegments(data) {
		if !startsFrame(marker) || len(body) < head || len(body) < head+each*int(body[5]) {
			continue
		}
		var sum, most int // of samples in the least block that holds all components
		var across, down int
		for i := range int(body[5]) {
			sampling := body[head+each*i+1]
			h, v := int(sampling>>4), int(sampling&0xf)
			sum, across, down = sum+h*v, max(across, h), max(down, v)
		}
		if most = across * down; most == 0 {
			break
		}
		planes := float64(sum) / float64(most)
		if body[5] == 4 {
			planes = max(planes, 4) // the decoder makes CMYK of the planes
		}
		if marker == progressive {
			return max(planes+4*planes, planes+4)
		}
		return planes + 4
	}
	return 0
}

// startsFrame says of a JPEG marker that it is one of the frame headers, SOF0 to SOF15.
func startsFrame(marker byte) bool {
	const huffman, extension, arithmetic = 0xc4, 0xc8, 0xcc
	return marker >= 0xc0 && marker <= 0xcf && marker != huffman && marker != extension && marker != arithmetic
}

// jpegSegments are the markers and contents of the segments before the first scan.
func jpegSegments(data []byte) iter.Seq2[byte, []byte] {
	const startOfScan = 0xda
	return func(yield func(byte, []byte) bool) {
		for rest := data[min(len(data), 2):]; len(rest) >= 4 && rest[0] == 0xff && rest[1] != startOfScan; {
			if rest[1] == 0xff { // padding before a marker
				rest = rest[1:]
				continue
			}
			length := int(binary.BigEndian.Uint16(rest[2:]))
			if length < 2 || 2+length > len(rest) || !yield(rest[1], rest[4:2+length]) {
				return
			}
			rest = rest[2+length:]
		}
	}
}

const tagBitsPerSample = 258

// tiffDeep says whether the samples of a TIFF of several have 16 bits.
func tiffDeep(data []byte) bool {
	bits := tiffField(data, tagBitsPerSample, tiffShort)
	return len(bits) >= 2 && (bits[0] == 16 || bits[1] == 16)
}

// sparing are the decoders at work on large pictures, of which each leaves behind at most a quarter of what it holds: by default
// garbage may double the memory.
var sparing struct {
	sync.Mutex
	decoders, before int
}

// spare collects garbage early until the result is called, if a picture of width × height pixels is large.
func spare(width, height int) (end func()) {
	const percent = 25
	if !large(width, height) {
		return func() {}
	}
	sparing.Lock()
	defer sparing.Unlock()
	if sparing.decoders++; sparing.decoders == 1 {
		if sparing.before = debug.SetGCPercent(percent); sparing.before < percent { // or off, which is -1
			debug.SetGCPercent(sparing.before)
		}
	}
	return func() {
		sparing.Lock()
		defer sparing.Unlock()
		if sparing.decoders--; sparing.decoders == 0 {
			debug.SetGCPercent(sparing.before)
		}
	}
}

// largeBytes is the size of a decoded picture that is called large.
const largeBytes = 128 << 20

func large(width, height int) bool { return 4*width > largeBytes/height }

// collect takes back what a decoder has left behind, before memory for a large picture is set aside.
func collect(width, height int) {
	if large(width, height) {
		runtime.GC()
	}
}
