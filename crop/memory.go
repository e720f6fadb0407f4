package crop

import (
	"runtime"
	"runtime/debug"
	"sync"
)

// limitMemory is what decoding may take, in bytes: at least the 7 bytes a pixel of a baseline JPEG without subsampling.
func limitMemory(lim Limits) float64 {
	const pixelBytes, more = 7, 200e6
	return pixelBytes*float64(lim.MaxPixels) + more
}

// memory is the bytes a pixel that decoding takes, as far as the header tells.
func (f format) memory(data []byte) float64 {
	const rgba = 4
	switch {
	case f.name == "JPEG":
		return memoryOfJPEG(data)
	case f.name == "PNG":
		return memoryOfPNG(data)
	case f.name == "TIFF":
		return memoryOfTIFF(data)
	}
	return rgba + 2
}

// memoryOfJPEG is that of the planes and of the result, or of a progressive picture's coefficients, 4 bytes each, and of the planes.
func memoryOfJPEG(data []byte) float64 {
	const progressive = 0xc2
	f, ok := readJPEGFrame(data)
	if !ok {
		return 0
	}
	var sum, most int // of samples in the least block that holds all components
	var across, down int
	for _, s := range f.sampling {
		sum, across, down = sum+s[0]*s[1], max(across, s[0]), max(down, s[1])
	}
	if most = across * down; most == 0 {
		return 0
	}
	coefficients := 4 * float64(sum) / float64(most)
	planes := float64(sum) / float64(most)
	if len(f.sampling) == 4 {
		planes = max(planes, 4) // the decoder makes CMYK of the planes
	}
	if !f.usual() {
		planes = 3 // which the flexible decoder makes of all sizes
	}
	if f.marker == progressive {
		return max(planes+coefficients, planes+4)
	}
	return planes + 4
}

// memoryOfPNG is that of the pixels as they are decoded, with half of them once more while rows are interlaced, and of the result
// where that has other memory.
func memoryOfPNG(data []byte) float64 {
	h, ok := readPNGHeader(data)
	if !ok {
		return 0
	}
	const result = 4
	decoded, inPlace := 4., true
	switch {
	case h.depth == 16 && (h.colour != pngGrey || transparentPNG(data)):
		decoded = 8
	case h.colour == pngGrey && transparentPNG(data):
	case h.colour == pngPalette, h.colour == pngGrey && h.depth <= 8:
		decoded, inPlace = 1, false
	case h.colour == pngGrey:
		decoded, inPlace = 2, false
	}
	most := decoded
	if h.interlaced {
		most *= 1.5
	}
	if inPlace {
		return max(most, result)
	}
	return max(most, decoded+result)
}

// transparentPNG says whether one of the colours of a PNG is transparent.
func transparentPNG(data []byte) bool {
	for rest := data[len(pngSignature):]; ; {
		c, next, ok := nextPNGChunk(rest)
		if !ok || c.kind == "IDAT" {
			return false
		}
		if rest = next; c.kind == "tRNS" {
			return true
		}
	}
}

// startsFrame says of a JPEG marker that it is one of the frame headers, SOF0 to SOF15.
func startsFrame(marker byte) bool {
	const huffman, extension, arithmetic = 0xc4, 0xc8, 0xcc
	return marker >= 0xc0 && marker <= 0xcf && marker != huffman && marker != extension && marker != arithmetic
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
