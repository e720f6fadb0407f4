package records

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/mcllava/mcllava"
)

// fuzzedFormats are those that are read again.
func fuzzedFormats(tb testing.TB) map[string]Format {
	safe, err := NewCSV(CSVOptions{Safe: true})
	if err != nil {
		tb.Fatal(err)
	}
	return map[string]Format{"jsonl": JSONL, "csv": CSV, "safe csv": safe}
}

// FuzzRecords wants of every record that it is read as it was written, and found between others.
func FuzzRecords(f *testing.F) {
	for _, text := range nasty {
		f.Add(text, text, text, text, "", 0.5, uint32(1), uint64(1))
		f.Add("", text, "a.jpg", "", text, -1e-300, uint32(1<<31-1), uint64(1<<63))
	}
	formats := fuzzedFormats(f)
	f.Fuzz(func(t *testing.T, id, image, question, answer, failure string, real float64, n uint32, seed uint64) {
		r := Record{ID: id, Image: image, Question: question, Error: failure, N: int(n >> 1), Of: int(n >> 2)}
		if image == "" || question == "" || real-real != 0 { // no record, or a number that JSON has not
			return
		}
		if failure == "" {
			r.Answer, r.Choice, r.Confidence, r.Tokens = answer, answer, &real, []int{int(n), 0}
			r.Probabilities = map[string]float64{"yes": real}
			r.Finish, r.Seconds.Encode, r.Seed, r.System, r.Choices = mcllava.FinishStop, real, seed, "s"+question, []string{"a,b", `"`}
		}
		for name, f := range formats {
			text, err := f.encode(r, true)
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			want := r
			if f.name == jsonlName { // which has no bytes that are no UTF-8, but in names
				for _, s := range []*string{&want.ID, &want.Question, &want.Answer, &want.Choice, &want.Error, &want.System} {
					*s = readable(*s)
				}
			}
			if got, err := f.parse(text); err != nil || !reflect.DeepEqual(got, want) {
				t.Fatalf("%s: read back\n%+v, %v\nwrote\n%+v\nas %s", name, got, err, want, text)
			}
			found := 0
			for s, err := range f.scan(bytes.NewReader(bytes.Repeat(text, 3))) {
				if err != nil || s.torn || !bytes.Equal(s.text, text) && found > 0 {
					t.Fatalf("%s: record %d of three is %q, torn %t, %v, wrote %q", name, found, s.text, s.torn, err, text)
				}
				found++
			}
			if found != 3 {
				t.Fatalf("%s: %d records of three: %q", name, found, text)
			}
		}
	})
}

// FuzzRecordText wants no panic of any text, and of one that is a record that it stays the same from the first time on that it is
// written.
func FuzzRecordText(f *testing.F) {
	formats := fuzzedFormats(f)
	for _, format := range formats {
		for _, r := range []Record{answer(3), failure(0)} {
			text, err := format.encode(r, true)
			if err != nil {
				f.Fatal(err)
			}
			f.Add(text)
			f.Add(text[:len(text)/2])
		}
	}
	f.Add([]byte(`{"image":"a","question":"b","tokens":null,"n":1,"logprob":null,"image_bytes":"/w=="}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		for name, f := range formats {
			for _, err := range f.scan(bytes.NewReader(text)) {
				if err != nil && strings.Contains(err.Error(), "\n") {
					t.Errorf("%s: an error of several lines: %v", name, err)
				}
			}
			r, err := f.parse(text)
			if err != nil {
				continue
			}
			once, err := f.encode(r, true)
			if err != nil {
				t.Fatalf("%s: %+v: %v", name, r, err)
			}
			again, err := f.parse(once)
			if err != nil {
				t.Fatalf("%s: %v\n%q\nof %q", name, err, once, text)
			}
			if twice, err := f.encode(again, true); err != nil || !bytes.Equal(once, twice) {
				t.Fatalf("%s: %v\n%q becomes\n%q", name, err, once, twice)
			}
		}
	})
}

// FuzzResumeDamaged cuts a file or changes some of its bytes: it is refused and stays as it is, or every answer that was not
// touched is still there, and nothing that is torn.
func FuzzResumeDamaged(f *testing.F) {
	for kind := range uint8(8) {
		for _, by := range []string{"\n", `"`, `x"`, `",`, "\x00", "{", "\r\n", "\xef\xbb\xbf"} {
			f.Add(kind, uint16(700*int(kind)), uint16(20), by)
			f.Add(kind, uint16(3000), uint16(400), by)
		}
	}
	whole := map[string][]byte{}
	formats := []Format{JSONL, CSV}
	for _, format := range formats {
		text := bytes.Clone(format.header())
		for n := range 6 {
			r := pair(n, fmt.Sprintf("%d.jpg", n))
			if n == 2 {
				r = broken(n, r.Image)
			}
			line, err := format.encode(r, true)
			if err != nil {
				f.Fatal(err)
			}
			text = append(text, line...)
		}
		whole[format.name] = text
	}
	folder := f.TempDir()
	f.Fuzz(func(t *testing.T, kind uint8, at, size uint16, by string) {
		format := formats[kind&1]
		text := whole[format.name]
		from := int(at) % (len(text) + 1)
		to := min(from+int(size), len(text))
		switch kind >> 1 & 3 {
		case 0: // cut
			to, by = len(text), ""
		case 1: // inserted
			to = from
		case 2: // taken out
			by = ""
		}
		damaged := []byte(string(text[:from]) + by + string(text[to:]))
		path := filepath.Join(folder, "out")
		if err := os.WriteFile(path, damaged, 0o600); err != nil {
			t.Fatal(err)
		}
		file, err := Create(t.Context(), path, format, CreateOptions{Resume: true, Settings: []Settings{settings}})
		if err == nil {
			err = file.Close()
		}
		got, readErr := os.ReadFile(path)
		if readErr != nil {
			t.Fatal(readErr)
		}
		if err != nil {
			if !bytes.Equal(got, damaged) || strings.Contains(err.Error(), "\n") {
				t.Fatalf("refused with %v, and\n%q became\n%q", err, damaged, got)
			}
			return
		}
		left := map[string]int{}
		for r, err := range format.scan(bytes.NewReader(got)) {
			if err != nil || r.torn {
				t.Fatalf("line %d: torn %t, %v\n%q\nwas\n%q", r.line, r.torn, err, got, damaged)
			}
			left[string(r.text)]++
		}
		for r, err := range format.scan(bytes.NewReader(text)) {
			if err != nil {
				t.Fatal(err)
			}
			touched := r.at.end > int64(from) && r.at.begin < int64(max(to, from+1))
			if record, err := format.parse(r.text); err == nil && !record.Failed() && !touched && left[string(r.text)] != 1 {
				t.Fatalf("%q is there %d times\n%q\nwas\n%q", r.text, left[string(r.text)], got, damaged)
			}
		}
	})
}
