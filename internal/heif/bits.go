package heif

// bits reads from the upper bit on; past the end all is 0.
type bits struct {
	data []byte
	at   int
	over bool
}

func (b *bits) skip(n int) { b.at += n }

func (b *bits) flag() bool {
	if b.at>>3 >= len(b.data) {
		b.over = true
		return false
	}
	v := b.data[b.at>>3] >> (7 - b.at&7) & 1
	b.at++
	return v == 1
}

func (b *bits) read(n int) (v int) {
	for range n {
		v <<= 1
		if b.flag() {
			v |= 1
		}
	}
	return v
}

// golomb reads an Exp-Golomb code, signed ones too, which have as many bits.
func (b *bits) golomb() int {
	zeros := 0
	for !b.flag() {
		if zeros++; zeros > 31 || b.over {
			b.over = true
			return 0
		}
	}
	return 1<<zeros - 1 + b.read(zeros)
}
