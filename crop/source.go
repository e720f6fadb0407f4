package crop

import "image"

// source is a box of a picture, from which rows are read once or twice each and from the top on. Where its rows are too many, each
// stands for several.
type source struct {
	img    *image.RGBA
	box    image.Rectangle
	height int       // box.Dy() rows, or fewer that are means of two rows or more
	means  [][]uint8 // room for two rows, [2, 4·box.Dx()]; nil if height is box.Dy()
	sums   []uint32  // [4·box.Dx()]
}

func newSource(img *image.RGBA, box image.Rectangle) source {
	return source{img: img, box: box, height: box.Dy()}
}

// averaged is a source of so many rows, each the mean of ⌊box.Dy()/height⌋ rows or, a few of them, of one more.
func averaged(img *image.RGBA, box image.Rectangle, height int) source {
	length := 4 * box.Dx()
	return source{img, box, height, [][]uint8{make([]uint8, length), make([]uint8, length)}, make([]uint32, length)}
}

// row is row y, RGBA. It stays as it is until the next but one is read.
func (s *source) row(y int) []uint8 {
	if s.means == nil {
		return s.stored(y)
	}
	from, to := y*s.box.Dy()/s.height, (y+1)*s.box.Dy()/s.height
	rows := uint32(to - from)
	for i := range s.sums {
		s.sums[i] = rows / 2
	}
	for ; from < to; from++ {
		row := s.stored(from)[:len(s.sums)]
		for i := range s.sums {
			s.sums[i] += uint32(row[i])
		}
	}
	mean := s.means[y%2]
	for i, sum := range s.sums {
		mean[i] = uint8(sum / rows)
	}
	return mean
}

func (s *source) stored(y int) []uint8 {
	return s.img.Pix[s.img.PixOffset(s.box.Min.X, s.box.Min.Y+y):][:4*s.box.Dx()]
}
