package dataset

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"unicode/utf8"

	"github.com/parquet-go/parquet-go"
)

// Sizes of what is believed of a parquet file.
const (
	mostRows   = 1 << 22
	mostValues = 1 << 25 // of a column
)

// openParquet opens a file, of which it reads the footer.
func openParquet(path string) (f *os.File, p *parquet.File, err error) {
	f, err = openFile(path)
	if err != nil {
		return nil, nil, err
	}
	defer func() {
		if err != nil {
			_ = f.Close()
		}
	}()
	info, err := f.Stat()
	if err != nil {
		return nil, nil, err
	}
	var tail [8]byte
	if info.Size() < 12 {
		return nil, nil, errors.New("is no parquet file: it is too short")
	}
	if _, err := f.ReadAt(tail[:], info.Size()-8); err != nil {
		return nil, nil, err
	}
	if footer := int64(binary.LittleEndian.Uint32(tail[:4])); string(tail[4:]) != "PAR1" || footer > info.Size()-12 {
		return nil, nil, errors.New("is no parquet file, or is not whole: it does not end with a footer")
	}
	p, err = parquet.OpenFile(f, info.Size(), parquet.SkipPageIndex(true), parquet.SkipBloomFilters(true), parquet.ReadBufferSize(1<<16))
	return f, p, err
}

// damaged turns a panic of the parquet reader into an error, as it panics on some files that are damaged.
func damaged(err *error) {
	if r := recover(); r != nil {
		*err = fmt.Errorf("is damaged: %v", r)
	}
}

// readParquet reads the columns that are text, numbers, or lists of them, and of which keep says that they are wanted.
func readParquet(s *Set, path string, sum *sums, keep func(string) bool) (b *table, err error) {
	defer func() {
		if err != nil {
			b, err = nil, wrong(path, "", "", "%w", err)
		}
	}()
	defer damaged(&err)
	f, p, err := openParquet(path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	leaves := leavesOf(p.Root())
	var names []string
	for _, leaf := range leaves {
		names = append(names, leaf.Path()[0])
	}
	picture := ""
	if i := pictureColumn(names); i >= 0 {
		picture = names[i]
	}
	b = &table{file: path, at: map[string]int{}}
	cells := cellSum{sum.begin(s, path)}
	rows := p.NumRows()
	if rows < 0 || rows > mostRows {
		return nil, fmt.Errorf("says that it has %d rows, expected at most %d", rows, mostRows)
	}
	var columns [][]cell
	var pictures *parquet.Column
	for i, leaf := range leaves {
		name, last := names[i], leaf.Name()
		switch {
		case name == picture && (last != "path" || leaf.Path()[0] == "path"):
			if pictures != nil {
				return nil, fmt.Errorf("%s: has the columns %s and %s, expected one of pictures", name, strings.Join(pictures.Path(), "."), strings.Join(leaf.Path(), "."))
			}
			pictures = leaf
			continue
		case last == "bytes" && len(leaf.Path()) > 1: // of other pictures
			continue
		}
		kept := name != picture && keep(name) && isPlain(leaf) && !b.has(name)
		column, err := readColumn(p, leaf, kept, cells)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", strings.Join(leaf.Path(), "."), err)
		}
		if !kept {
			continue
		}
		if int64(len(column)) != rows {
			return nil, fmt.Errorf("%s: has %d rows, but the file has %d", name, len(column), rows)
		}
		b.at[name] = len(b.columns)
		b.columns = append(b.columns, name)
		columns = append(columns, column)
	}
	if len(columns) == 0 {
		return nil, fmt.Errorf("has none of the columns of text that were expected; there are %s", listed(slices.Compact(names)))
	}
	for i := range columns[0] {
		row := make([]cell, len(columns))
		for c, column := range columns {
			row[c] = column[i]
		}
		b.rows = append(b.rows, row)
	}
	if pictures != nil {
		b.parquetPictures(p, pictures)
	}
	return b, nil
}

// leavesOf are the columns that have values, in the file's order.
func leavesOf(c *parquet.Column) []*parquet.Column {
	if c.Leaf() {
		if len(c.Path()) == 0 {
			return nil
		}
		return []*parquet.Column{c}
	}
	var all []*parquet.Column
	for _, child := range c.Columns() {
		all = append(all, leavesOf(child)...)
	}
	return all
}

// isPlain says whether a column's values stand alone, or in a list.
func isPlain(leaf *parquet.Column) bool {
	return leaf.MaxRepetitionLevel() == 0 && len(leaf.Path()) == 1 || leaf.MaxRepetitionLevel() == 1 && len(leaf.Path()) <= 3
}

// readColumn sums a column up, and returns its cells if they are kept.
func readColumn(p *parquet.File, leaf *parquet.Column, kept bool, cells cellSum) (column []cell, err error) {
	cells.text([]byte(strings.Join(leaf.Path(), ".")))
	list := leaf.MaxRepetitionLevel() > 0
	rows, values := int64(0), 0
	for _, group := range p.RowGroups() {
		pages := group.ColumnChunks()[leaf.Index()].Pages()
		err := eachValue(pages, func(v parquet.Value) error {
			text, err := textOf(v)
			if err != nil {
				return fmt.Errorf("row %d: %w", rows+1, err)
			}
			_, _ = cells.hash.Write([]byte{byte(v.RepetitionLevel()), byte(v.DefinitionLevel())})
			cells.text(text)
			if v.RepetitionLevel() == 0 {
				rows++
			}
			if values++; rows > p.NumRows() || values > mostValues {
				return fmt.Errorf("has more than the file's %d rows, or more than %d values", p.NumRows(), mostValues)
			}
			switch {
			case !kept:
				return nil
			case !utf8.Valid(text):
				return fmt.Errorf("row %d: is not UTF-8", rows)
			case !list:
				column = append(column, cell{text: string(text), null: v.IsNull()})
				return nil
			case v.RepetitionLevel() == 0:
				column = append(column, cell{null: v.IsNull() && v.DefinitionLevel() == 0})
			case len(column) == 0:
				return errors.New("begins within a list")
			}
			c := &column[len(column)-1]
			if !c.null && c.list == nil {
				c.list = []string{}
			}
			if !v.IsNull() {
				c.list = append(c.list, string(text))
			}
			return nil
		})
		_ = pages.Close()
		if err != nil {
			return nil, err
		}
	}
	return column, nil
}

// eachValue calls each for the values of pages, of which it holds one at a time.
func eachValue(pages parquet.Pages, each func(parquet.Value) error) error {
	buffer := make([]parquet.Value, 64)
	for {
		page, err := pages.ReadPage()
		if errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
		values := page.Values()
		for {
			n, err := values.ReadValues(buffer)
			for _, v := range buffer[:n] {
				if err := each(v); err != nil {
					parquet.Release(page)
					return err
				}
			}
			if err == nil && n > 0 {
				continue
			}
			parquet.Release(page)
			if err != nil && !errors.Is(err, io.EOF) {
				return err
			}
			break
		}
	}
}

// textOf is a value as text; a number is as Go writes it.
func textOf(v parquet.Value) ([]byte, error) {
	if v.IsNull() {
		return nil, nil
	}
	switch v.Kind() {
	case parquet.ByteArray, parquet.FixedLenByteArray:
		return v.ByteArray(), nil
	case parquet.Boolean:
		return strconv.AppendBool(nil, v.Boolean()), nil
	case parquet.Int32:
		return strconv.AppendInt(nil, int64(v.Int32()), 10), nil
	case parquet.Int64:
		return strconv.AppendInt(nil, v.Int64(), 10), nil
	case parquet.Float:
		return strconv.AppendFloat(nil, float64(v.Float()), 'g', -1, 32), nil
	case parquet.Double:
		return strconv.AppendFloat(nil, v.Double(), 'g', -1, 64), nil
	}
	return nil, fmt.Errorf("is of type %v, expected text or a number", v.Kind())
}

// parquetPictures gives each row its picture in a column.
func (b *table) parquetPictures(p *parquet.File, column *parquet.Column) {
	reader := &pictureReader{path: b.file, column: column.Index(), list: column.MaxRepetitionLevel() > 0}
	name := strings.Join(column.Path(), ".")
	row := 0
	for group, g := range p.RowGroups() {
		for at := range g.NumRows() {
			if row == len(b.rows) {
				return
			}
			record := b.record(row)
			b.pictures = append(b.pictures, Picture{
				Name: fmt.Sprintf("%s#%d", b.name(), row+1),
				open: func() ([]byte, error) {
					picture, err := reader.read(group, at)
					if err == nil && isText(picture) {
						picture, err = decodePicture(picture)
					}
					if err != nil {
						return nil, wrong(reader.path, record, name, "%w", err)
					}
					return picture, nil
				},
			})
			row++
		}
	}
}

// isText says whether a picture begins as base64 does, and no encoded picture.
func isText(picture []byte) bool {
	for _, c := range picture[:min(len(picture), 32)] {
		if c < ' ' || c > '~' {
			return false
		}
	}
	return true
}

// pictureReader reads a column of pictures in which it goes forward, a page at a time. For a picture before the last one it begins anew at
// the row group or, in a file with an index of pages, at the page.
type pictureReader struct {
	path   string
	column int
	list   bool // whether a row may have several

	mu     sync.Mutex
	file   *os.File
	groups []parquet.RowGroup
	group  int
	pages  parquet.Pages
	page   parquet.Page
	values parquet.ValueReader
	row    int64 // of the row group, that the next value begins
	held   *parquet.Value
}

// read is the picture in a row of a row group.
func (r *pictureReader) read(group int, row int64) (picture []byte, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	defer func() {
		if err != nil {
			r.close()
		}
	}()
	defer damaged(&err)
	if r.file == nil {
		f, p, err := openParquet(r.path)
		if err != nil {
			return nil, err
		}
		r.file, r.groups = f, p.RowGroups()
	}
	if r.pages == nil || group != r.group || row < r.row {
		if err := r.seek(group, row); err != nil {
			return nil, err
		}
	}
	for {
		v, err := r.next(row)
		if errors.Is(err, io.EOF) {
			return nil, errors.New("is missing")
		} else if err != nil {
			return nil, err
		}
		if v.RepetitionLevel() > 0 { // of a row that is passed over
			continue
		}
		at := r.row
		r.row++
		if at < row {
			continue
		}
		found := 0
		if !v.IsNull() {
			found++
			picture = slices.Clone(v.ByteArray())
		}
		for r.list { // its further values
			v, err := r.next(-1)
			if errors.Is(err, io.EOF) {
				break
			} else if err != nil {
				return nil, err
			}
			if v.RepetitionLevel() == 0 {
				r.held = &v
				break
			}
			found++
		}
		switch {
		case found > 1:
			return nil, fmt.Errorf("has %d pictures, expected one", found)
		case len(picture) == 0:
			return nil, errors.New("is empty")
		case len(picture) > mostPicture:
			return nil, fmt.Errorf("has more than %d bytes", mostPicture)
		}
		return picture, nil
	}
}

// seek goes to a row of a row group, or to a row before it.
func (r *pictureReader) seek(group int, row int64) error {
	r.drop()
	if group >= len(r.groups) || r.column >= len(r.groups[group].ColumnChunks()) {
		return errors.New("is no longer in the file, which has changed")
	}
	chunk := r.groups[group].ColumnChunks()[r.column]
	r.group, r.row, r.pages = group, 0, chunk.Pages()
	if index, err := chunk.OffsetIndex(); err == nil && index.NumPages() > 0 && row > 0 {
		if err := r.pages.SeekToRow(row); err != nil {
			return err
		}
		r.row = row
	}
	return nil
}

// next reads a value. It passes over pages that end before a row of the row group, unless that is -1.
func (r *pictureReader) next(row int64) (parquet.Value, error) {
	if r.held != nil {
		v := *r.held
		r.held = nil
		return v, nil
	}
	for {
		if r.page == nil {
			page, err := r.pages.ReadPage()
			if err != nil {
				return parquet.Value{}, err
			}
			if rows := page.NumRows(); r.row+rows <= row {
				r.row += rows
				parquet.Release(page)
				continue
			}
			r.page, r.values = page, page.Values()
		}
		var one [1]parquet.Value
		n, err := r.values.ReadValues(one[:])
		if n == 1 {
			return one[0], nil
		}
		if err != nil && !errors.Is(err, io.EOF) {
			return parquet.Value{}, err
		}
		parquet.Release(r.page)
		r.page, r.values = nil, nil
	}
}

// drop gives up the place in the column.
func (r *pictureReader) drop() {
	if r.page != nil {
		parquet.Release(r.page)
	}
	if r.pages != nil {
		_ = r.pages.Close()
	}
	r.page, r.pages, r.values, r.held = nil, nil, nil, nil
}

// close gives up the file too, so that the next picture is read from the file anew.
func (r *pictureReader) close() {
	defer func() { _ = recover() }()
	if r.file != nil {
		_ = r.file.Close()
	}
	r.file, r.groups = nil, nil
	r.drop()
}
