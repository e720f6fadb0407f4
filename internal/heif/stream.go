package heif

// maxConfiguration bounds the part of a stream's configuration that is looked through.
const maxConfiguration = 1 << 14

// stream is what a coded picture says of itself.
type stream struct {
	width, height int
	grey          bool // luma alone; not told of AV1
	colour        Colour
	told          bool // the colour, if the part that tells it can be read
}

// stream reads what the coded picture of an item says of itself.
func (f *file) stream(id uint32) (stream, bool) {
	if f.types[id] == "hvc1" {
		if c, ok := f.property(id, "hvcC"); ok {
			return hevcStream(c.data[c.at:min(c.to, c.at+maxConfiguration)])
		}
	} else if places := f.places[id]; len(places) > 0 {
		from, to := places[0].from, places[0].to
		return av1Stream(f.data[from:min(to, from+maxConfiguration)])
	}
	return stream{}, false
}
