package dataset

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash"
	"io"
	"os"
	"slices"
	"unicode/utf8"
)

// Sizes of cells, in bytes.
const (
	mostText      = 1 << 20 // of a cell that is no picture
	mostReference = 64      // of a cell for a picture that is another row's index, as VLMEvalKit tells them apart
)

// tsv reads a file as pandas writes it with sep="\t": the first line has the columns' names, and a cell that has a tab, a quote or the end
// of a line stands in quotes, within which two quotes are one. Of pictures it keeps the places.
type tsv struct {
	r    io.Reader
	buf  []byte
	pos  int   // of what was not yet read, in buf
	n    int   // of what is in buf
	base int64 // of buf, in the file
	err  error // of the last read
}

// end is what a cell ends with.
type end int

const (
	ofCell end = iota
	ofLine
	ofFile
)

// place is where a cell's text stands in a file.
type place struct {
	offset, length int64 // without the quotes around it
	quoted         bool
}

// more reads on, and says whether there is something to read.
func (t *tsv) more() bool {
	if t.pos < t.n {
		return true
	}
	t.base += int64(t.n)
	t.pos, t.n = 0, 0
	for t.n == 0 && t.err == nil {
		t.n, t.err = t.r.Read(t.buf)
	}
	return t.n > 0
}

func (t *tsv) offset() int64 { return t.base + int64(t.pos) }

// cell reads one cell. Of its text it appends at most most bytes to text; length is that of the whole text.
func (t *tsv) cell(text []byte, most int) (_ []byte, at place, length int64, e end, err error) {
	if !t.more() {
		return text, place{offset: t.offset()}, 0, ofFile, t.failed()
	}
	if t.buf[t.pos] == '"' {
		t.pos++
		return t.quoted(text, most)
	}
	begin := len(text)
	at.offset = t.offset()
	last := byte(0)
	for t.more() {
		chunk := t.buf[t.pos:t.n]
		if i := bytes.IndexByte(chunk, '\t'); i >= 0 {
			chunk, e = chunk[:i], ofCell
		} else {
			e = ofFile
		}
		if i := bytes.IndexByte(chunk, '\n'); i >= 0 {
			chunk, e = chunk[:i], ofLine
		}
		text = append(text, chunk[:min(len(chunk), max(0, most-(len(text)-begin)))]...)
		length += int64(len(chunk))
		t.pos += len(chunk)
		if len(chunk) > 0 {
			last = chunk[len(chunk)-1]
		}
		if e != ofFile {
			t.pos++
			break
		}
	}
	if e != ofCell && last == '\r' {
		if length == int64(len(text)-begin) {
			text = text[:len(text)-1]
		}
		length--
	}
	at.length = length
	return text, at, length, e, t.failed()
}

// quoted reads a cell after its first quote.
func (t *tsv) quoted(text []byte, most int) (_ []byte, at place, length int64, e end, err error) {
	begin := len(text)
	add := func(b []byte) {
		text = append(text, b[:min(len(b), max(0, most-(len(text)-begin)))]...)
		length += int64(len(b))
	}
	at = place{offset: t.offset(), quoted: true}
	for {
		if !t.more() {
			if err := t.failed(); err != nil {
				return text, at, length, ofFile, err
			}
			return text, at, length, ofFile, errors.New("begins with a quote that is not closed")
		}
		chunk := t.buf[t.pos:t.n]
		i := bytes.IndexByte(chunk, '"')
		if i < 0 {
			add(chunk)
			t.pos = t.n
			continue
		}
		add(chunk[:i])
		t.pos += i
		at.length = t.offset() - at.offset
		t.pos++
		if !t.more() {
			return text, at, length, ofFile, t.failed()
		}
		switch c := t.buf[t.pos]; c {
		case '"':
			t.pos++
			add([]byte{'"'})
		case '\t':
			t.pos++
			return text, at, length, ofCell, nil
		case '\n':
			t.pos++
			return text, at, length, ofLine, nil
		case '\r':
			t.pos++
			if t.more() && t.buf[t.pos] == '\n' {
				t.pos++
				return text, at, length, ofLine, nil
			}
			return text, at, length, ofCell, errors.New("has something between its closing quote and the next tab")
		default:
			return text, at, length, ofCell, errors.New("has something between its closing quote and the next tab")
		}
	}
}

func (t *tsv) failed() error {
	if errors.Is(t.err, io.EOF) {
		return nil
	}
	return t.err
}

// tsvPicture is a cell for a picture.
type tsvPicture struct {
	at   place
	text string // of one that is short: another row's index
}

// readTSV reads a file.
func readTSV(s *Set, path string, sum *sums) (*table, error) {
	f, err := openFile(path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	t := &tsv{r: f, buf: make([]byte, 1<<18)}
	if t.more() && bytes.HasPrefix(t.buf[:t.n], []byte("\ufeff")) {
		t.pos = 3
	}
	b := &table{file: path, at: map[string]int{}}
	cells := cellSum{sum.begin(s, path)}
	var names []string
	for e := ofCell; e == ofCell; {
		var name []byte
		var long int64
		name, _, long, e, err = t.cell(nil, mostText)
		switch column := fmt.Sprintf("column %d", len(names)+1); {
		case err != nil:
			return nil, wrong(path, "the first line", column, "%w", err)
		case !utf8.Valid(name):
			return nil, wrong(path, "the first line", column, "is not UTF-8")
		case long > mostText:
			return nil, wrong(path, "the first line", column, "has %d bytes, expected a name", long)
		case slices.Contains(names, string(name)):
			return nil, wrong(path, "the first line", column, "has %q, as another column has", name)
		}
		names = append(names, string(name))
		cells.text(name)
	}
	picture := pictureColumn(names)
	for i, name := range names {
		if i != picture {
			b.at[name] = len(b.columns)
			b.columns = append(b.columns, name)
		}
	}
	var pictures []tsvPicture
	for e := ofLine; e != ofFile; {
		row := make([]cell, 0, len(b.columns))
		record := b.record(len(b.rows))
		var p tsvPicture
		n := 0
		for e = ofCell; e == ofCell; n++ {
			most := mostText
			if n == picture {
				most = mostReference
			}
			var text []byte
			var at place
			var long int64
			text, at, long, e, err = t.cell(nil, most)
			if err != nil {
				return nil, wrong(path, record, nameAt(names, n), "%w", err)
			}
			if n == 0 && e != ofCell && long == 0 && !at.quoted && len(names) > 1 {
				break // an empty line, as the last
			}
			switch {
			case n >= len(names):
				return nil, wrong(path, record, "", "has more than %d cells, expected one for each column of the first line", len(names))
			case n == picture:
				p = tsvPicture{at: at}
				if long <= mostReference {
					p.text = string(text)
				}
				continue
			case long > mostText:
				return nil, wrong(path, record, names[n], "has %d bytes, expected at most %d", long, mostText)
			case !utf8.Valid(text):
				return nil, wrong(path, record, names[n], "is not UTF-8")
			}
			cells.text(text)
			row = append(row, cell{text: string(text), null: len(text) == 0 && !at.quoted})
		}
		if n == 0 {
			continue
		}
		if n < len(names) {
			return nil, wrong(path, record, "", "has %d cells, expected %d, one for each column of the first line", n, len(names))
		}
		b.rows = append(b.rows, row)
		pictures = append(pictures, p)
	}
	if picture >= 0 {
		return b, b.tsvPictures(names[picture], pictures)
	}
	return b, nil
}

func nameAt(names []string, n int) string {
	if n < len(names) {
		return names[n]
	}
	return fmt.Sprintf("column %d", n+1)
}

// tsvPictures finds the picture of each row: its own, or that of the row that it names.
func (b *table) tsvPictures(column string, pictures []tsvPicture) error {
	byIndex := map[string]int{}
	if at, ok := b.at["index"]; ok {
		for i, row := range b.rows {
			byIndex[row[at].text] = i
		}
	}
	b.pictures = make([]Picture, len(pictures))
	sources := make([]int, len(pictures)) // of which rows the pictures are, plus 1; 0 where that is not known
	for i := range pictures {
		var walked []int
		from := i
		for sources[from] == 0 && pictures[from].text != "" {
			walked = append(walked, from)
			next, ok := byIndex[pictures[from].text]
			switch {
			case !ok:
				return wrong(b.file, b.record(from), column, "has %q, expected base64 or the index of a row", pictures[from].text)
			case len(walked) > len(pictures):
				return wrong(b.file, b.record(i), column, "has %q, and those rows name one another in a circle", pictures[i].text)
			}
			from = next
		}
		if sources[from] > 0 {
			from = sources[from] - 1
		}
		for _, row := range append(walked, from) {
			sources[row] = from + 1
		}
		at := pictures[from].at
		if at.length == 0 {
			continue // which is an error unless image_path tells it
		}
		record, file := b.record(from), b.file
		b.pictures[i] = Picture{
			Name: fmt.Sprintf("%s#%d", b.name(), from+1),
			open: func() ([]byte, error) {
				text, err := readPlace(file, at)
				if err != nil {
					return nil, wrong(file, record, column, "%w", err)
				}
				p, err := decodePicture(text)
				if err != nil {
					return nil, wrong(file, record, column, "%w", err)
				}
				return p, nil
			},
		}
	}
	return nil
}

// readPlace reads a cell.
func readPlace(file string, at place) ([]byte, error) {
	if at.length > 2*mostPicture {
		return nil, fmt.Errorf("has %d bytes, expected at most %d", at.length, 2*mostPicture)
	}
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	text := make([]byte, at.length)
	if _, err := f.ReadAt(text, at.offset); err != nil {
		return nil, err
	}
	if at.quoted {
		text = bytes.ReplaceAll(text, []byte(`""`), []byte(`"`))
	}
	return text, nil
}

// cellSum sums cells up: of each its length, as a uvarint, and its bytes.
//
// Of a TSV these are the names of all columns, and then the cells of the rows, in order, without the picture's column. Of a parquet file
// they are, column by column and without those of pictures, the path with dots and the values, each after its repetition and definition
// level as a byte each, an integer as text. They do not depend on how a file was compressed or cut into pages.
type cellSum struct{ hash hash.Hash }

func (c cellSum) text(b []byte) {
	var length [binary.MaxVarintLen64]byte
	_, _ = c.hash.Write(length[:binary.PutUvarint(length[:], uint64(len(b)))])
	_, _ = c.hash.Write(b)
}
