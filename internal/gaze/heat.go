package gaze

import (
	"image"
	"math"
)

// mostCells is the most cells of a heat along a side.
const mostCells = 512

// Heat is how much each part of a picture was looked at: a grid of cells of one size over all of it.
type Heat struct {
	Width, Height int       // of the picture, pixels
	Cols, Rows    int       // at most a pixel's and at most 512
	Values        []float64 // [Rows·Cols], row by row from the top; their sum is 1, or 0 if nothing is known

	sums []float64 // [(Rows+1)·(Cols+1)] of the values above and to the left
}

// heat is, at each place, the mean of what the crops that cover it say: the square of the crop's weight, times the share of the patch
// there over the patch's area. The square, since crops that overlap a place by chance have some weight too. A cell has the mean over
// its own area.
func heat(p Picture, crops []Crop) Heat {
	h := Heat{Width: p.Width, Height: p.Height, Cols: min(p.Width, mostCells), Rows: min(p.Height, mostCells)}
	h.Values = make([]float64, h.Cols*h.Rows)
	covered := make([]float64, len(h.Values))
	largest := 0.0
	for _, c := range crops {
		largest = max(largest, c.Weight)
	}
	for _, c := range crops {
		if c.Map == nil {
			continue
		}
		if len(c.Map) != p.Side*p.Side {
			panic("gaze: a map of another number of patches")
		}
		xs := overlaps(c.Box.Min.X, c.Box.Max.X, p.Side, p.Covered, p.Width, h.Cols)
		ys := overlaps(c.Box.Min.Y, c.Box.Max.Y, p.Side, p.Covered, p.Height, h.Rows)
		weight := c.Weight / largest
		for _, y := range ys {
			for _, x := range xs {
				area := x.length * y.length
				cell := y.cell*h.Cols + x.cell
				// The share is spread over the patch: of its density here the overlap has its part.
				h.Values[cell] += weight * weight * float64(c.Map[y.patch*p.Side+x.patch]) / (x.patchLength * y.patchLength) * area
				covered[cell] += area
			}
		}
	}
	sum := 0.0
	for i, area := range covered {
		if area > 0 {
			h.Values[i] /= area
		}
		sum += h.Values[i]
	}
	if sum > 0 {
		for i := range h.Values {
			h.Values[i] /= sum
		}
	}
	h.add()
	return h
}

// overlap is what a patch and a cell have in common along an axis.
type overlap struct {
	patch, cell         int
	length, patchLength float64 // pixels
}

// overlaps are those of a crop's patches with the cells of a picture's axis.
func overlaps(from, to, side int, covered float64, length, cells int) []overlap {
	var all []overlap
	patch, cell := float64(to-from)*covered/float64(side), float64(length)/float64(cells)
	for i := range side {
		start, end := float64(from)+float64(i)*patch, float64(from)+float64(i+1)*patch
		for c := max(0, int(start/cell)-1); c < cells && float64(c)*cell < end; c++ {
			if common := min(end, float64(c+1)*cell) - max(start, float64(c)*cell); common > 0 {
				all = append(all, overlap{i, c, common, patch})
			}
		}
	}
	return all
}

// add makes the sums.
func (h *Heat) add() {
	h.sums = make([]float64, (h.Rows+1)*(h.Cols+1))
	for y := range h.Rows {
		row := 0.0
		for x := range h.Cols {
			row += h.Values[y*h.Cols+x]
			h.sums[(y+1)*(h.Cols+1)+x+1] = h.sums[y*(h.Cols+1)+x+1] + row
		}
	}
}

// sum is that of the values of some cells.
func (h *Heat) sum(r image.Rectangle) float64 {
	at := func(x, y int) float64 { return h.sums[y*(h.Cols+1)+x] }
	return at(r.Max.X, r.Max.Y) - at(r.Min.X, r.Max.Y) - at(r.Max.X, r.Min.Y) + at(r.Min.X, r.Min.Y)
}

// Share is how much of the heat is on the cells whose middles are in a rectangle of the picture: 1 if all is.
func (h *Heat) Share(r image.Rectangle) float64 {
	cell := func(pixel, cells, length int) int {
		return min(cells, max(0, (2*pixel*cells+length-1)/(2*length)))
	}
	all := h.sums[len(h.sums)-1]
	if all == 0 {
		return 0
	}
	from := image.Pt(cell(r.Min.X, h.Cols, h.Width), cell(r.Min.Y, h.Rows, h.Height))
	to := image.Pt(cell(r.Max.X, h.Cols, h.Width), cell(r.Max.Y, h.Rows, h.Height))
	return h.sum(image.Rectangle{from, to}) / all
}

// A window is one part in so many of a picture's width and height, about the size of a shop's sign across the street.
const (
	windowsAcross = 25
	windowsDown   = 33
)

// windowSize is that of a window, so many times larger, in cells.
func (h *Heat) windowSize(times float64) image.Point {
	along := func(cells, parts int) int {
		return min(cells, max(1, int(math.Round(times*float64(cells)/float64(parts)))))
	}
	return image.Pt(along(h.Cols, windowsAcross), along(h.Rows, windowsDown))
}

// best is the window with the most heat, so many times larger than one, in cells; the first of equals.
func (h *Heat) best(times float64) image.Rectangle {
	return h.bestIn(h.windowSize(times), image.Rect(0, 0, h.Cols, h.Rows))
}

// bestIn is the rectangle of a size within some cells that has the most heat: where there are equals, as within a patch that is
// larger, the one nearest to their middle.
func (h *Heat) bestIn(size image.Point, within image.Rectangle) image.Rectangle {
	const equal = 1 - 1e-9
	rectangles := func(yield func(r image.Rectangle, sum float64)) {
		for y := within.Min.Y; y+size.Y <= within.Max.Y; y++ {
			for x := within.Min.X; x+size.X <= within.Max.X; x++ {
				r := image.Rectangle{image.Pt(x, y), image.Pt(x, y).Add(size)}
				yield(r, h.sum(r))
			}
		}
	}
	most := math.Inf(-1)
	rectangles(func(_ image.Rectangle, sum float64) { most = max(most, sum) })
	var middle image.Point
	equals := 0
	rectangles(func(r image.Rectangle, sum float64) {
		if sum >= most*equal {
			middle, equals = middle.Add(r.Min), equals+1
		}
	})
	var best image.Rectangle
	nearest := math.Inf(1)
	rectangles(func(r image.Rectangle, sum float64) {
		if sum >= most*equal {
			x, y := r.Min.X*equals-middle.X, r.Min.Y*equals-middle.Y
			if d := math.Hypot(float64(x), float64(y)); d < nearest {
				best, nearest = r, d
			}
		}
	})
	return best
}

// centre is the pixel at the centre of mass of some cells.
func (h *Heat) centre(r image.Rectangle) image.Point {
	x, y, sum := 0.0, 0.0, 0.0
	for j := r.Min.Y; j < r.Max.Y; j++ {
		for i := r.Min.X; i < r.Max.X; i++ {
			v := h.Values[j*h.Cols+i]
			x, y, sum = x+v*(float64(i)+0.5), y+v*(float64(j)+0.5), sum+v
		}
	}
	if !(sum > 0) {
		x, y, sum = float64(r.Min.X+r.Max.X)/2, float64(r.Min.Y+r.Max.Y)/2, 1
	}
	pixel := func(at float64, cells, length int) int {
		return max(0, min(length-1, int(at*float64(length)/float64(cells))))
	}
	return image.Pt(pixel(x/sum, h.Cols, h.Width), pixel(y/sum, h.Rows, h.Height))
}

// Box is what is to be looked at around a pixel, in pixels.
func (h *Heat) Box(peak image.Point) image.Rectangle { return h.pixels(h.standingOut(peak)) }

// standingOut is, of some sizes of window, the smallest whose best one around a pixel stands out most from what is next to it.
func (h *Heat) standingOut(peak image.Point) image.Rectangle {
	cell := image.Pt(peak.X*h.Cols/h.Width, peak.Y*h.Rows/h.Height)
	var window image.Rectangle
	most := math.Inf(-1)
	for _, times := range []float64{1, 1.5, 2, 3} {
		size := h.windowSize(times)
		around := image.Rectangle{cell.Sub(size).Add(image.Pt(1, 1)), cell.Add(size)}
		all := image.Rect(0, 0, h.Cols, h.Rows)
		r := h.bestIn(size, around.Intersect(all))
		if contrast := h.contrast(r); contrast > most {
			window, most = r, contrast
		}
	}
	return window
}

// contrast is the mean heat of some cells over the sum of it and that of the cells around them, up to as far as they are wide and
// high: 1 if those around have none, and ½ if they have as much. So larger windows stand a chance, whose mean is always less.
func (h *Heat) contrast(r image.Rectangle) float64 {
	size := r.Size()
	ring := image.Rectangle{r.Min.Sub(size), r.Max.Add(size)}.Intersect(image.Rect(0, 0, h.Cols, h.Rows))
	inside, around := h.sum(r)/float64(size.X*size.Y), 0.0
	if rest := ring.Dx()*ring.Dy() - size.X*size.Y; rest > 0 {
		around = max(0, h.sum(ring)-h.sum(r)) / float64(rest)
	}
	if !(inside > 0) {
		return 0
	}
	return inside / (inside + around)
}

// pixels are those that some cells cover, also in part.
func (h *Heat) pixels(r image.Rectangle) image.Rectangle {
	down := func(at, cells, length int) int { return at * length / cells }
	up := func(at, cells, length int) int { return (at*length + cells - 1) / cells }
	return image.Rect(down(r.Min.X, h.Cols, h.Width), down(r.Min.Y, h.Rows, h.Height), up(r.Max.X, h.Cols, h.Width), up(r.Max.Y, h.Rows, h.Height))
}
