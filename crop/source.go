package crop

import "image"

// source is a box of a picture, from which rows are read from the top on.
type source struct {
	img  *image.RGBA
	box  image.Rectangle
	work *work // nil unless someone counts
}

// work is what cutting costs, in pixels.
type work struct {
	read    int // of the picture, each time that one is looked up
	resized int // that were made of a row, along x
	added   int // of rows, each time that one was added to an output along y
}

func (w *work) count(read, resized, added int) {
	if w != nil {
		w.read, w.resized, w.added = w.read+read, w.resized+resized, w.added+added
	}
}

func (s *source) width() int  { return s.box.Dx() }
func (s *source) height() int { return s.box.Dy() }

// row is row y, RGBA.
func (s *source) row(y int) []uint8 {
	return s.img.Pix[s.img.PixOffset(s.box.Min.X, s.box.Min.Y+y):][:4*s.box.Dx()]
}
