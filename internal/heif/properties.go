package heif

// property is a box that describes items, and association where an item refers to it, from 0.
type (
	property struct {
		kind string
		span
	}
	association struct {
		property int
		at, size int // of the reference in the file
	}
)

func (f *file) readProperties(c *cursor) {
	f.of = map[uint32][]association{}
	for kind, box := range c.boxes() {
		inside := cursor{data: f.data, at: box.from, to: box.to}
		switch kind {
		case "ipco":
			for kind, box := range inside.boxes() {
				f.properties = append(f.properties, property{kind, box})
				if !f.hold(&inside) {
					break
				}
			}
		case "ipma":
			f.readAssociations(&inside)
		}
		if inside.err != nil {
			c.fail()
			return
		}
	}
}

func (f *file) readAssociations(c *cursor) {
	version, flags := c.full()
	size := 1 + int(flags&1)
	for range c.uint(4) {
		id := c.id(version > 0)
		for range c.uint(1) {
			at := c.at
			index := int(c.uint(size)) &^ (1 << (8*size - 1)) // the upper bit says that it must be understood
			if !f.hold(c) {
				return
			}
			if index > 0 {
				f.of[id] = append(f.of[id], association{index - 1, at, size})
			}
		}
		if c.err != nil {
			return
		}
	}
}

// property is an item's first one of a kind.
func (f *file) property(id uint32, kind string) (*cursor, bool) {
	for _, a := range f.of[id] {
		if a.property < len(f.properties) && f.properties[a.property].kind == kind {
			p := f.properties[a.property]
			return &cursor{data: f.data, at: p.from, to: p.to}, true
		}
	}
	return nil, false
}
