package dataset

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// table is what a TSV or a parquet file has, but for its pictures.
type table struct {
	file     string
	columns  []string       // that were read
	at       map[string]int // place of a column in columns
	rows     [][]cell
	pictures []Picture // by row; nil without a column of pictures
}

// cell is a value of a table.
type cell struct {
	text string
	list []string // of a column of lists
	null bool
}

// record names a row in errors, from 1 under the header.
func (b *table) record(row int) string { return fmt.Sprintf("row %d", row+1) }

// name is that of the file, for pictures within it.
func (b *table) name() string { return filepath.Base(b.file) }

// has says whether there is a column.
func (b *table) has(column string) bool {
	_, ok := b.at[column]
	return ok
}

// cell is that of a row and column, null without the column.
func (b *table) cell(row int, column string) cell {
	at, ok := b.at[column]
	if !ok {
		return cell{null: true}
	}
	return b.rows[row][at]
}

// text is what a cell has without white space around it; "" is a missing one.
func (b *table) text(row int, column string) string {
	return strings.TrimSpace(b.cell(row, column).text)
}

// list is what a cell of a list has, or one of text that is written as a list in Python or JSON; else its text alone. nil is missing.
func (b *table) list(row int, column string) []string {
	c := b.cell(row, column)
	switch {
	case c.list != nil:
		return c.list
	case c.null || strings.TrimSpace(c.text) == "":
		return nil
	}
	if list, err := parseList([]byte(strings.TrimSpace(c.text))); err == nil {
		return list
	}
	return []string{c.text}
}

// need is an error about the first of columns that is not there.
func (b *table) need(columns ...string) error {
	for _, column := range columns {
		if !b.has(column) {
			return wrong(b.file, "", column, "there is no such column; there are %s", listed(b.columns))
		}
	}
	return nil
}

// pictureColumn is the column whose cells are pictures; -1 for none. Where bytes has them, image has their names.
func pictureColumn(names []string) int {
	for _, name := range []string{"bytes", "image"} {
		if i := slices.Index(names, name); i >= 0 {
			return i
		}
	}
	return -1
}

// picture is that of a row: within the file, or in a file of its own that image_path names, below the table's folder if not from the root.
func (b *table) picture(row int) (Picture, error) {
	if b.pictures != nil && b.pictures[row].open != nil {
		return b.pictures[row], nil
	}
	paths := b.list(row, "image_path")
	switch {
	case len(paths) == 0 && b.pictures == nil && !b.has("image_path"):
		return Picture{}, wrong(b.file, "", "image", "there is no such column, nor image_path; there are %s", listed(b.columns))
	case len(paths) == 0:
		return Picture{}, wrong(b.file, b.record(row), "image", "is empty")
	}
	path := filepath.FromSlash(paths[0])
	if !filepath.IsAbs(path) {
		path = filepath.Join(filepath.Dir(b.file), path)
	}
	p := fileOf(paths[0], path)
	if len(paths) > 1 {
		err := wrong(b.file, b.record(row), "image_path", "has %d pictures, expected one", len(paths))
		p.open = func() ([]byte, error) { return nil, err }
	}
	return p, nil
}

// decodePicture decodes base64, with or without "data:…;base64," before it, or a list of one such text.
func decodePicture(text []byte) ([]byte, error) {
	text = bytes.TrimSpace(text)
	if len(text) > 1 && text[0] == '[' {
		list, err := parseList(text)
		if err != nil {
			return nil, err
		}
		if len(list) != 1 {
			return nil, fmt.Errorf("has %d pictures, expected one", len(list))
		}
		text = []byte(list[0])
	}
	if bytes.HasPrefix(text, []byte("data:")) {
		if _, after, ok := bytes.Cut(text[:min(len(text), 256)], []byte("base64,")); ok {
			text = text[min(len(text), 256)-len(after):]
		}
	}
	if len(text) == 0 {
		return nil, errors.New("is empty")
	}
	p := make([]byte, base64.StdEncoding.DecodedLen(len(text)))
	n, err := base64.StdEncoding.Decode(p, text)
	if err != nil {
		raw := bytes.TrimRight(text, "=")
		if n, err = base64.RawStdEncoding.Decode(p, raw); err != nil {
			return nil, fmt.Errorf("is no base64: %w", err)
		}
	}
	return p[:n], nil
}

// parseList reads a list of texts and numbers as Python or JSON writes it. A number stays as it is written.
func parseList(text []byte) ([]string, error) {
	if len(text) < 2 || text[0] != '[' || text[len(text)-1] != ']' {
		return nil, errors.New("is no list in brackets")
	}
	rest := bytes.TrimSpace(text[1 : len(text)-1])
	list := []string{}
	for len(rest) > 0 {
		var entry string
		var err error
		if rest[0] == '\'' || rest[0] == '"' {
			if entry, rest, err = parseText(rest); err != nil {
				return nil, err
			}
		} else {
			i := bytes.IndexByte(rest, ',')
			if i < 0 {
				i = len(rest)
			}
			entry, rest = string(bytes.TrimSpace(rest[:i])), rest[i:]
			if _, err := strconv.ParseFloat(entry, 64); err != nil {
				return nil, fmt.Errorf("has a list with %.20q, expected text or a number", entry)
			}
		}
		list = append(list, entry)
		if rest = bytes.TrimSpace(rest); len(rest) == 0 {
			break
		}
		if rest[0] != ',' {
			return nil, errors.New("has a list without a comma between its entries")
		}
		rest = bytes.TrimSpace(rest[1:])
	}
	return list, nil
}

// parseText reads a text in quotes, single or double, and returns what follows it.
func parseText(text []byte) (string, []byte, error) {
	quote := text[0]
	if i := bytes.IndexByte(text[1:], quote); i >= 0 && bytes.IndexByte(text[1:1+i], '\\') < 0 {
		return string(text[1 : 1+i]), text[2+i:], nil
	}
	var all []byte
	for i := 1; i < len(text); i++ {
		c := text[i]
		switch {
		case c == quote:
			return string(all), text[i+1:], nil
		case c != '\\':
			all = append(all, c)
			continue
		}
		if i++; i == len(text) {
			break
		}
		digits := map[byte]int{'x': 2, 'u': 4, 'U': 8}[text[i]]
		switch {
		case digits > 0:
			if i+digits >= len(text) {
				return "", nil, errors.New("has a list that ends within an escape")
			}
			r, err := strconv.ParseUint(string(text[i+1:i+1+digits]), 16, 32)
			if err != nil || !utf8.ValidRune(rune(r)) {
				return "", nil, fmt.Errorf("has a list with the escape %q", text[i-1:i+1+digits])
			}
			all = utf8.AppendRune(all, rune(r))
			i += digits
		case text[i] == 'n':
			all = append(all, '\n')
		case text[i] == 't':
			all = append(all, '\t')
		case text[i] == 'r':
			all = append(all, '\r')
		default:
			all = append(all, text[i])
		}
	}
	return "", nil, errors.New("has a list with a quote that is not closed")
}
