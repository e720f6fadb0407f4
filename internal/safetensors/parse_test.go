package safetensors

import (
	"bytes"
	"encoding/binary"
	"testing"
)

// file puts a header's length before it and data behind.
func file(header string, data int) []byte {
	b := binary.LittleEndian.AppendUint64(nil, uint64(len(header)))
	return append(append(b, header...), make([]byte, data)...)
}

func TestParseRefuses(t *testing.T) {
	length := func(n uint64) []byte { return append(binary.LittleEndian.AppendUint64(nil, n), "{}"...) }
	tensor := func(fields string) string { return `{"a":{` + fields + `}}` }
	pair := func(first, second string) string {
		return `{"a":{"dtype":"U8","shape":[4],"data_offsets":` + first + `},"b":{"dtype":"U8","shape":[4],"data_offsets":` + second + `}}`
	}
	for _, test := range []struct {
		name string
		data []byte
		want string
	}{
		{"empty", nil, "x: not a safetensors file: 0 bytes, expected at least 8"},
		{"seven bytes", make([]byte, 7), "7 bytes, expected at least 8"},
		{"no header", file("", 0), "does not start with {"},
		{"huge header", length(1 << 63), "header length 9223372036854775808, expected at most 16777216"},
		{"header past the end", length(3), "cut short in the header: length 3, found 2 bytes"},
		{"not JSON", file("abcd", 0), "does not start with {"},
		{"leading space", file(" {}", 0), "does not start with {"},
		{"cut JSON", file(`{"a":`, 0), "invalid JSON"},
		{"array", file(`[]`, 0), "does not start with {"},
		{"two values", file(`{}{}`, 0), "text after the closing brace"},
		{"other padding", file("{}\x00", 0), "text after the closing brace"},
		{"not UTF-8", file("{\"\xff\":1}", 0), "not valid UTF-8"},
		{"tensor is a number", file(`{"a":1}`, 0), `"a": found 1, expected {`},
		{"tensor is null", file(`{"a":null}`, 0), `"a": found <nil>, expected {`},
		{"no fields", file(`{"a":{}}`, 0), "expected dtype, shape and data_offsets"},
		{"no shape", file(tensor(`"dtype":"U8","data_offsets":[0,1]`), 1), "expected dtype, shape and data_offsets"},
		{"dtype unknown", file(tensor(`"dtype":"F7","shape":[],"data_offsets":[0,1]`), 1), `dtype "F7" is not supported`},
		{"dtype a number", file(tensor(`"dtype":7,"shape":[],"data_offsets":[0,1]`), 1), `"dtype": found 7, expected a string`},
		{"shape null", file(tensor(`"dtype":"U8","shape":null,"data_offsets":[0,1]`), 1), `"shape": found <nil>, expected [`},
		{"shape of null", file(tensor(`"dtype":"U8","shape":[null],"data_offsets":[0,1]`), 1), "found <nil>, expected a number"},
		{"shape of strings", file(tensor(`"dtype":"U8","shape":["1"],"data_offsets":[0,1]`), 1), "found 1, expected a number"},
		{"negative size", file(tensor(`"dtype":"U8","shape":[-1],"data_offsets":[0,1]`), 1), "found -1, expected a whole number"},
		{"fraction", file(tensor(`"dtype":"U8","shape":[1.5],"data_offsets":[0,1]`), 1), "found 1.5, expected a whole number"},
		{"size past int64", file(tensor(`"dtype":"U8","shape":[9223372036854775808],"data_offsets":[0,1]`), 1), "expected a whole number"},
		{"product past int", file(tensor(`"dtype":"U8","shape":[2147483647,2147483647,2147483647],"data_offsets":[0,0]`), 0), "is too large"},
		{"bytes past int", file(tensor(`"dtype":"F64","shape":[1073741824,1073741824],"data_offsets":[0,0]`), 0), "is too large"},
		{"one offset", file(tensor(`"dtype":"U8","shape":[1],"data_offsets":[1]`), 1), "data_offsets has 1 numbers, expected 2"},
		{"backwards", file(tensor(`"dtype":"U8","shape":[1],"data_offsets":[1,0]`), 1), "run backwards"},
		{"span", file(tensor(`"dtype":"F32","shape":[2],"data_offsets":[0,4]`), 4), "data_offsets span 4 bytes, expected 8 for F32 [2]"},
		{"hole in front", file(tensor(`"dtype":"U8","shape":[1],"data_offsets":[1,2]`), 2), "leaving a hole after 0"},
		{"hole", file(pair("[0,4]", "[5,9]"), 9), `tensor "b": starts at byte 5, leaving a hole after 4`},
		{"overlap", file(pair("[0,4]", "[3,7]"), 7), `tensor "b": starts at byte 3 and overlaps`},
		{"same place", file(pair("[0,4]", "[0,4]"), 4), "overlaps"},
		{"cut data", file(pair("[0,4]", "[4,8]"), 7), "x: cut short: 7 bytes of tensor data, expected 8"},
		{"trailing data", file(pair("[4,8]", "[0,4]"), 11), "11 bytes of tensor data, expected 8: 3 left over"},
		{"name twice", file(`{"a":{"dtype":"U8","shape":[0],"data_offsets":[0,0]},"a":{"dtype":"U8","shape":[0],"data_offsets":[0,0]}}`, 0), `"a" appears twice`},
		{"field twice", file(tensor(`"dtype":"U8","dtype":"I8","shape":[0],"data_offsets":[0,0]`), 0), `"dtype" appears twice`},
		{"metadata of numbers", file(`{"__metadata__":{"a":1}}`, 0), "expected a string"},
		{"metadata text", file(`{"__metadata__":"a"}`, 0), "found a, expected {"},
	} {
		t.Run(test.name, func(t *testing.T) {
			checkRefused(t, test.want)(Parse("x", test.data))
		})
	}
}

func TestParseAccepts(t *testing.T) {
	for name, data := range map[string][]byte{
		"nothing":       file("{}", 0),
		"padding":       file("{}      ", 0),
		"metadata":      file(`{"__metadata__":{}}`, 0),
		"unknown field": file(`{"a":{"dtype":"U8","shape":[],"data_offsets":[0,1],"note":[{"x":1}]}}`, 1),
		"two empty":     file(`{"a":{"dtype":"U8","shape":[0],"data_offsets":[0,0]},"b":{"dtype":"F8_E4M3","shape":[3,0],"data_offsets":[0,0]}}`, 0),
		"empty, large":  file(`{"a":{"dtype":"U8","shape":[0,2147483647,2147483647],"data_offsets":[0,0]}}`, 0),
	} {
		if _, err := Parse(name, data); err != nil {
			t.Error(err)
		}
	}
}

// FuzzParse wants no panic, and of what is accepted the same tensors again
// after writing.
func FuzzParse(f *testing.F) {
	f.Add(encode(f, sample(), map[string]string{"format": "pt"}))
	f.Add(file(`{"a":{"dtype":"U8","shape":[0,4],"data_offsets":[0,0]},"b":{"dtype":"BF16","shape":[],"data_offsets":[0,2]}}  `, 2))
	f.Add(file(`{"a":{"dtype":"U8","shape":[9223372036854775807,2],"data_offsets":[0,1]}}`, 1))
	f.Fuzz(func(t *testing.T, data []byte) {
		c, err := Parse("x", data)
		if err != nil {
			return
		}
		var tensors []Tensor
		for _, name := range c.Names() {
			tensor, _ := c.Tensor(name)
			tensors = append(tensors, tensor)
		}
		var b bytes.Buffer
		if err := Write(&b, tensors, c.Metadata()); err != nil {
			t.Fatal(err)
		}
		again, err := Parse("again", b.Bytes())
		if err != nil {
			t.Fatal(err)
		}
		checkSame(t, again, tensors)
		for k, v := range c.Metadata() {
			if got := again.Metadata()[k]; got != v {
				t.Errorf("metadata %q: %q, expected %q", k, got, v)
			}
		}
	})
}
