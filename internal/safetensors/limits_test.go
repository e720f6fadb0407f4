package safetensors

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
)

// TestParseRefusesShortly has large headers whose names and numbers no checkpoint has. How many there are of either is bounded
// before the rest is read.
func TestParseRefusesShortly(t *testing.T) {
	const size = 4 << 20
	many := func(before, entry, after string) string {
		var b bytes.Buffer
		b.WriteString(before)
		for i := 0; b.Len() < size; i++ {
			if i > 0 {
				b.WriteByte(',')
			}
			fmt.Fprintf(&b, entry, i)
		}
		b.WriteString(after)
		return b.String()
	}
	long := strings.Repeat("n", size)
	for name, c := range map[string]struct{ header, say string }{
		"name":          {`{"` + long + `":1}`, `nnn…": found 1, expected {`},
		"type":          {`{"a":{"dtype":"` + long + `","shape":[],"data_offsets":[0,1]}}`, `nnn…" is not supported`},
		"text":          {`{"a":"` + long + `"}`, "nnn…, expected {"},
		"number":        {`{"a":{"dtype":"U8","shape":[1` + strings.ReplaceAll(long, "n", "0") + `],"data_offsets":[0,1]}}`, "000…, expected a whole number"},
		"field":         {`{"a":{"dtype":"U8","shape":[0],"data_offsets":[0,0],"` + long + `":0,"` + long[:9] + `":0,}}`, "invalid JSON"},
		"shape":         {many(`{"a":{"dtype":"U8","shape":[`, "1%.0d", `],"data_offsets":[0,1]}}`), `"shape": more than 16 numbers`},
		"many tensors":  {many("{", `"t%d":{"dtype":"U8","shape":[0],"data_offsets":[0,0]}`, "}"), "more than 65536 entries"},
		"many metadata": {many(`{"__metadata__":{`, `"%d":""`, "}}"), `"__metadata__": more than 65536 entries`},
	} {
		_, err := Parse("x", file(c.header, 1))
		if err == nil || !strings.Contains(err.Error(), c.say) || len(err.Error()) > 300 {
			message := fmt.Sprint(err)
			t.Errorf("%s: an error of %d bytes, %s, want «%s»", name, len(message), message[:min(len(message), 300)], c.say)
		}
	}
}
