package safetensors

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"sort"
	"strconv"
	"unicode/utf8"

	"github.com/mcllava/mcllava/internal/modelfile"
)

const (
	prefixSize = 8        // the header's length, little endian
	maxHeader  = 16 << 20 // bytes; that of the published checkpoint takes a fortieth of a megabyte a shard
	maxEntries = 1 << 16  // tensors, or texts of the metadata
	maxDims    = 16       // of a shape
	metadata   = "__metadata__"
)

// parse reads the header of a whole file and lays its tensors over data. Every
// claim of the header is checked before it is used.
func parse(file string, data []byte) ([]Tensor, map[string]string, error) {
	fail := func(err error) ([]Tensor, map[string]string, error) {
		return nil, nil, fmt.Errorf("%s: %w", file, err)
	}
	if modelfile.IsPointer(data) {
		return fail(modelfile.ErrPointer)
	}
	if len(data) < prefixSize {
		return fail(fmt.Errorf("not a safetensors file: %d bytes, expected at least %d", len(data), prefixSize))
	}
	n := binary.LittleEndian.Uint64(data)
	if n > maxHeader {
		return fail(fmt.Errorf("not a safetensors file: header length %d, expected at most %d", n, maxHeader))
	}
	if rest := uint64(len(data) - prefixSize); n > rest {
		return fail(fmt.Errorf("cut short in the header: length %d, found %d bytes", n, rest))
	}
	text, body := data[prefixSize:prefixSize+n], data[prefixSize+n:]
	entries, meta, err := parseHeader(text)
	if err != nil {
		return fail(fmt.Errorf("header: %w", err))
	}
	if err := checkLayout(entries, int64(len(body))); err != nil {
		return fail(err)
	}
	tensors := make([]Tensor, len(entries))
	for i, e := range entries {
		tensors[i] = Tensor{
			Name: e.name, File: file, DType: e.dtype, Shape: e.shape,
			Data: body[e.begin:e.end:e.end],
		}
	}
	return tensors, meta, nil
}

// entry is one tensor of a header; begin and end count from the header's end.
type entry struct {
	name       string
	dtype      DType
	shape      []int
	begin, end int64
}

// checkLayout sorts entries by place and holds them against the data: each as
// long as its shape says, one after another, filling it exactly.
func checkLayout(entries []entry, length int64) error {
	for _, e := range entries {
		want, err := byteLength(e.dtype, e.shape)
		if err != nil {
			return fmt.Errorf("tensor %s: %w", modelfile.Quote(e.name), err)
		}
		if e.begin > e.end {
			return fmt.Errorf("tensor %s: data_offsets [%d, %d] run backwards", modelfile.Quote(e.name), e.begin, e.end)
		}
		if e.end-e.begin != want {
			return fmt.Errorf("tensor %s: data_offsets span %d bytes, expected %d for %s %v", modelfile.Quote(e.name), e.end-e.begin, want, e.dtype, e.shape)
		}
	}
	sort.Slice(entries, func(i, j int) bool {
		a, b := entries[i], entries[j]
		if a.begin != b.begin {
			return a.begin < b.begin
		}
		if a.end != b.end {
			return a.end < b.end
		}
		return a.name < b.name
	})
	var at int64
	for _, e := range entries {
		if e.begin < at {
			return fmt.Errorf("tensor %s: starts at byte %d and overlaps the tensor that ends at %d", modelfile.Quote(e.name), e.begin, at)
		}
		if e.begin > at {
			return fmt.Errorf("tensor %s: starts at byte %d, leaving a hole after %d", modelfile.Quote(e.name), e.begin, at)
		}
		at = e.end
	}
	switch {
	case length < at:
		return fmt.Errorf("cut short: %d bytes of tensor data, expected %d", length, at)
	case length > at:
		return fmt.Errorf("%d bytes of tensor data, expected %d: %d left over", length, at, length-at)
	}
	return nil
}

// byteLength is the size of a tensor's data, an error if it has none.
func byteLength(dtype DType, shape []int) (int64, error) {
	n := int64(dtype.Size())
	if n == 0 {
		return 0, fmt.Errorf("dtype %s is not supported", modelfile.Quote(string(dtype)))
	}
	for _, d := range shape {
		if d < 0 {
			return 0, fmt.Errorf("shape %v has a negative size", shape)
		}
		if d > 0 && n > math.MaxInt/int64(d) {
			return 0, fmt.Errorf("shape %v is too large", shape)
		}
		n *= int64(d)
	}
	return n, nil
}

// parseHeader walks the JSON token by token: decoding into maps would drop
// duplicate names without a word.
func parseHeader(text []byte) ([]entry, map[string]string, error) {
	text = bytes.TrimRight(text, " ")
	if len(text) == 0 || text[0] != '{' {
		return nil, nil, errors.New("does not start with {")
	}
	if !utf8.Valid(text) {
		return nil, nil, errors.New("not valid UTF-8")
	}
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	var entries []entry
	var meta map[string]string
	err := object(d, func(name string) error {
		if name == metadata {
			var err error
			meta, err = stringMap(d)
			return err
		}
		e, err := parseEntry(d, name)
		entries = append(entries, e)
		return err
	})
	if err != nil {
		return nil, nil, err
	}
	if _, err := d.Token(); err != io.EOF {
		return nil, nil, errors.New("text after the closing brace")
	}
	return entries, meta, nil
}

func parseEntry(d *json.Decoder, name string) (entry, error) {
	e := entry{name: name}
	var offsets []int
	seen := 0
	err := object(d, func(field string) (err error) {
		switch field {
		case "dtype":
			seen++
			var s string
			s, err = stringValue(d)
			e.dtype = DType(s)
		case "shape":
			seen++
			e.shape, err = naturals(d)
		case "data_offsets":
			seen++
			offsets, err = naturals(d)
		default:
			var skipped json.RawMessage
			err = d.Decode(&skipped)
		}
		return err
	})
	if err != nil {
		return e, err
	}
	if seen != 3 {
		return e, errors.New("expected dtype, shape and data_offsets")
	}
	if len(offsets) != 2 {
		return e, fmt.Errorf("data_offsets has %d numbers, expected 2", len(offsets))
	}
	e.begin, e.end = int64(offsets[0]), int64(offsets[1])
	return e, nil
}

// object reads one JSON object, calling value for the value of each key, and
// refuses a key that comes twice.
func object(d *json.Decoder, value func(key string) error) error {
	if err := delim(d, '{'); err != nil {
		return err
	}
	seen := map[string]bool{}
	for d.More() {
		key, err := stringValue(d)
		if err != nil {
			return err
		}
		if seen[key] {
			return fmt.Errorf("%s appears twice", modelfile.Quote(key))
		}
		if seen[key] = true; len(seen) > maxEntries {
			return fmt.Errorf("more than %d entries", maxEntries)
		}
		if err := value(key); err != nil {
			return fmt.Errorf("%s: %w", modelfile.Quote(key), err)
		}
	}
	return delim(d, '}')
}

func stringMap(d *json.Decoder) (map[string]string, error) {
	m := map[string]string{}
	err := object(d, func(key string) (err error) {
		m[key], err = stringValue(d)
		return err
	})
	return m, err
}

func naturals(d *json.Decoder) ([]int, error) {
	if err := delim(d, '['); err != nil {
		return nil, err
	}
	v := []int{}
	for d.More() {
		t, err := token(d)
		if err != nil {
			return nil, err
		}
		number, ok := t.(json.Number)
		if !ok {
			return nil, fmt.Errorf("found %s, expected a number", show(t))
		}
		n, err := strconv.ParseInt(number.String(), 10, strconv.IntSize)
		if err != nil || n < 0 {
			return nil, fmt.Errorf("found %s, expected a whole number from 0 to %d", modelfile.Short(number.String()), math.MaxInt)
		}
		if v = append(v, int(n)); len(v) > maxDims {
			return nil, fmt.Errorf("more than %d numbers", maxDims)
		}
	}
	return v, delim(d, ']')
}

func stringValue(d *json.Decoder) (string, error) {
	t, err := token(d)
	if err != nil {
		return "", err
	}
	s, ok := t.(string)
	if !ok {
		return "", fmt.Errorf("found %s, expected a string", show(t))
	}
	return s, nil
}

func delim(d *json.Decoder, want json.Delim) error {
	t, err := token(d)
	if err != nil {
		return err
	}
	if t != want {
		return fmt.Errorf("found %s, expected %v", show(t), want)
	}
	return nil
}

func show(t json.Token) string { return modelfile.Short(fmt.Sprint(t)) }

func token(d *json.Decoder) (json.Token, error) {
	t, err := d.Token()
	if err == io.EOF {
		err = io.ErrUnexpectedEOF
	}
	if err != nil {
		return nil, fmt.Errorf("invalid JSON at byte %d: %w", d.InputOffset(), err)
	}
	return t, nil
}
