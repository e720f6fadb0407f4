package heif

import "encoding/binary"

// Count is the number of pictures in a file: frames of a sequence, or items that are neither hidden nor a part of another, such
// as its thumbnail, alpha or tile. It is 0 if the boxes that tell it cannot be read.
func Count(data []byte) int {
	f := &file{data: data}
	n := 0
	if f.meta() == nil {
		for id, kind := range f.types {
			if (kind == "hvc1" || kind == "av01" || kind == "grid") && !f.lesser[id] {
				n++
			}
		}
	}
	return max(n, f.frames())
}

// frames is the number of samples of the first track, if the file says by its first brand that it is a sequence.
func (f *file) frames() int {
	if len(f.data) < 12 {
		return 0
	}
	switch string(f.data[8:12]) {
	case "avis", "msf1", "hevc", "hevx", "hevm", "hevs":
	default:
		return 0
	}
	in := span{0, len(f.data)}
	for _, kind := range []string{"moov", "trak", "mdia", "minf", "stbl", "stsz"} {
		box, ok, err := find(f.data, in, kind)
		if err != nil || !ok {
			return 0
		}
		in = box
	}
	const head = 12 // version and flags, size of a sample, count
	if in.to-in.from < head {
		return 0
	}
	return int(min(uint64(binary.BigEndian.Uint32(f.data[in.from+head-4:])), uint64(len(f.data))))
}
