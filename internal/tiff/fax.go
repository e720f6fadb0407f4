package tiff

import (
	"errors"
	"io"
	"strings"
)

// readFax decodes rows of one bit a pixel, black as 1: ITU-T T.4 of one or two dimensions, whose rows begin with an
// end-of-line code (lines), or TIFF's modified Huffman coding, whose rows begin at a byte. Package ccitt reads neither the
// second dimension of T.4 nor the latter.
func readFax(to []byte, f *faxReader, width int, lines, twoDimensional bool) error {
	stride := (width + 7) / 8
	var above, row []int
	for ; len(to) > 0; to = to[stride:] {
		flat := true
		if lines {
			found := f.skipEndOfLine()
			if twoDimensional {
				if !found {
					return errors.New("fax row without its end-of-line code")
				}
				flat = f.bit() == 1
			}
		} else {
			f.at = (f.at + 7) &^ 7
		}
		var err error
		if flat {
			row, err = f.flatRow(row[:0], width)
		} else {
			row, err = f.row(row[:0], above, width)
		}
		if err != nil {
			return err
		}
		drawRuns(to[:stride], row)
		above, row = row, above
	}
	return nil
}

// drawRuns draws a row of which colours change at the places given, from white to black first.
func drawRuns(to []byte, changes []int) {
	clear(to)
	for i := 0; i+1 < len(changes); i += 2 {
		for x := changes[i]; x < changes[i+1]; x++ {
			if x%8 == 0 && changes[i+1]-x >= 8 {
				to[x/8] = 0xff
				x += 7
				continue
			}
			to[x/8] |= 0x80 >> (x % 8)
		}
	}
}

// faxReader reads bits from the highest of each byte, or from the lowest if they are reversed. After the end they are 0.
type faxReader struct {
	data     []byte
	reversed bool
	at       int // bit
}

func (f *faxReader) bit() int {
	v := 0
	if i := f.at / 8; i < len(f.data) {
		shift := 7 - f.at%8
		if f.reversed {
			shift = f.at % 8
		}
		v = int(f.data[i]>>shift) & 1
	}
	f.at++
	return v
}

func (f *faxReader) ended() bool { return f.at > 8*len(f.data) }

// skipEndOfLine goes past eleven zeros or more and a one, if they are next.
func (f *faxReader) skipEndOfLine() bool {
	const zeros = 11
	from := f.at
	for n := 0; !f.ended(); n++ {
		if f.bit() == 1 {
			if n >= zeros {
				return true
			}
			break
		}
	}
	f.at = from
	return false
}

// node is one of a tree of codes: where 0 and 1 lead, or the run that the code ends in.
type node struct {
	next [2]*node
	run  int
}

var (
	whiteRuns = tree(whiteCodes + longCodes)
	blackRuns = tree(blackCodes + longCodes)
	modes     = tree(modeCodes)
)

// modeCodes are those of T.4, table 4, by mode.
const modeCodes = "0001 001 1 011 000011 0000011 010 000010 0000010"

const (
	pass = iota
	horizontal
	vertical
)

// shifts are what the vertical modes add to where the colour of the row above changes.
var shifts = [...]int{0, 1, 2, 3, -1, -2, -3}

func tree(codes string) *node {
	root := &node{}
	for run, code := range strings.Fields(codes) {
		at := root
		for _, c := range code {
			if at.next[c-'0'] == nil {
				at.next[c-'0'] = &node{}
			}
			at = at.next[c-'0']
		}
		at.run = run
	}
	return root
}

var errFaxCode = errors.New("unknown fax code")

func (f *faxReader) code(at *node) (int, error) {
	for at.next != [2]*node{} {
		if at = at.next[f.bit()]; at == nil || f.ended() {
			if f.ended() {
				return 0, io.ErrUnexpectedEOF
			}
			return 0, errFaxCode
		}
	}
	return at.run, nil
}

// run reads the length of a run: codes for multiples of 64, and one for the rest.
func (f *faxReader) run(black bool) (n int, err error) {
	codes := whiteRuns
	if black {
		codes = blackRuns
	}
	for {
		v, err := f.code(codes)
		if err != nil {
			return 0, err
		}
		if v < 64 {
			return n + v, nil
		}
		if n += 64 * (v - 63); n > 1<<24 {
			return 0, errFaxCode
		}
	}
}

// flatRow reads a row of one dimension: where its colours change, the end included.
func (f *faxReader) flatRow(row []int, width int) ([]int, error) {
	for x := 0; x < width; {
		n, err := f.run(len(row)%2 == 1)
		if err != nil {
			return nil, err
		}
		if x += n; x > width {
			return nil, errors.New("fax row longer than the picture is wide")
		}
		row = append(row, x)
	}
	return ended(row, width), nil
}

// ended makes the number of changes even.
func ended(row []int, width int) []int {
	if len(row)%2 == 1 {
		row = append(row, width)
	}
	return row
}

// row reads a row told by how it differs from the one above: T.4, 4.2.
func (f *faxReader) row(row, above []int, width int) ([]int, error) {
	change := func(i int) int {
		if i < len(above) {
			return above[i]
		}
		return width
	}
	next := 0 // of the changes above, the first that lies right of x; at the start of a row, at 0 or right of it
	for x := 0; x < width; {
		mode, err := f.code(modes)
		if err != nil {
			return nil, err
		}
		for next < len(above) && (above[next] < x || above[next] == x && (x > 0 || len(row) > 0)) {
			next++
		}
		black := len(row)%2 == 1
		away := next // from the current colour
		if (away%2 == 1) != black {
			away++
		}
		first, second := change(away), change(away+1)
		switch mode {
		case pass:
			x = second
		case horizontal:
			for range 2 {
				n, err := f.run(black)
				if err != nil {
					return nil, err
				}
				x += n
				row, black = append(row, min(x, width)), !black
			}
		default:
			if first += shifts[mode-vertical]; first < x || first > width {
				return nil, errors.New("fax row that leads back")
			}
			x = first
			row = append(row, x)
		}
		if x > width {
			return nil, errors.New("fax row longer than the picture is wide")
		}
	}
	return ended(row, width), nil
}
