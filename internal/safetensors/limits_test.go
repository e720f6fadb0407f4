package safetensors

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"time"
)

// TestParseRefusesShortlyAndSoon has headers as large as are read, whose names and numbers no checkpoint has.
func TestParseRefusesShortlyAndSoon(t *testing.T) {
	many := func(before, entry, after string) string {
		var b bytes.Buffer
		b.WriteString(before)
		for i := 0; b.Len() < maxHeader-200; i++ {
			if i > 0 {
				b.WriteByte(',')
			}
			fmt.Fprintf(&b, entry, i)
		}
		b.WriteString(after)
		return b.String()
	}
	long := strings.Repeat("n", maxHeader-200)
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
		start := time.Now()
		_, err := Parse("x", file(c.header, 1))
		if took := time.Since(start); err == nil || !strings.Contains(err.Error(), c.say) || len(err.Error()) > 300 || took > 2*time.Second {
			message := fmt.Sprint(err)
			t.Errorf("%s: an error of %d bytes after %v, %s, want «%s»", name, len(message), took, message[:min(len(message), 300)], c.say)
		}
	}
}
