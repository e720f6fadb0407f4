package heif

import "encoding/binary"

// av1Stream reads the sequence header that an AV1 picture begins with (AV1 specification, 5.5). It is false if there is none
// that can be read.
func av1Stream(data []byte) (stream, bool) {
	const sequenceHeader = 1
	for len(data) > 1 {
		kind, extended, sized := data[0]>>3&15, data[0]>>2&1 == 1, data[0]>>1&1 == 1
		data = data[1:]
		if extended {
			data = data[1:]
		}
		if sized {
			size, n := binary.Uvarint(data)
			if n <= 0 || size > uint64(len(data)-n) {
				break
			}
			if kind != sequenceHeader {
				data = data[n+int(size):]
				continue
			}
			data = data[n : n+int(size)]
		}
		if kind != sequenceHeader {
			break
		}
		return readSequence(&bits{data: data})
	}
	return stream{}, false
}

func readSequence(b *bits) (stream, bool) {
	b.skip(3 + 1)
	if reduced := b.flag(); reduced {
		b.skip(5)
	} else {
		operatingPoints(b)
	}
	across, down := b.read(4)+1, b.read(4)+1
	s := stream{width: b.read(across) + 1, height: b.read(down) + 1}
	return s, !b.over
}

func operatingPoints(b *bits) {
	delay, model := 0, false
	if b.flag() { // timing
		b.skip(64)
		if b.flag() {
			b.golomb()
		}
		if model = b.flag(); model {
			delay = b.read(5) + 1
			b.skip(32 + 5 + 5)
		}
	}
	display := b.flag()
	for range b.read(5) + 1 {
		b.skip(12)
		if b.read(5) > 7 {
			b.skip(1)
		}
		if model && b.flag() {
			b.skip(2*delay + 1)
		}
		if display && b.flag() {
			b.skip(4)
		}
	}
}
