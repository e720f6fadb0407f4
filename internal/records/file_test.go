package records

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
)

var settings = Settings{Knobs: knobs, Precision: "q8", Checkpoint: "c", Model: "demo"}

// pair is a pair of an input of 10, or its answer.
func pair(n int, image string) Record {
	r := Record{Image: image, Question: "what,\n\"shop\"?", Answer: "line 1\nline " + image, Key: settings.Key([32]byte(fmt.Appendf(nil, "%32s", image)), "q"), N: n, Of: 10, Schema: Schema}
	settings.Stamp(&r)
	return r
}

func broken(n int, image string) Record {
	r := pair(n, image)
	return Record{Image: r.Image, Question: r.Question, Error: "not a picture", Key: r.Key, N: n, Of: r.Of}
}

// write begins or resumes a file and writes records to it.
func write(t *testing.T, path string, f Format, o CreateOptions, records ...Record) {
	t.Helper()
	file := create(t, path, f, o)
	for _, r := range records {
		if err := file.Write(r); err != nil {
			t.Fatal(err)
		}
	}
	if err := file.Close(); err != nil {
		t.Fatal(err)
	}
}

func create(t *testing.T, path string, f Format, o CreateOptions) *File {
	t.Helper()
	o.Settings = []Settings{settings}
	file, err := Create(t.Context(), path, f, o)
	if err != nil {
		t.Fatal(err)
	}
	return file
}

func read(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// listed is what a file says of each record: "n/of image", with a ! if it failed.
func listed(t *testing.T, path string, f Format) string {
	t.Helper()
	header := f.name == csvName
	var all []string
	for r, err := range f.scan(strings.NewReader(read(t, path))) {
		if err != nil || r.torn {
			t.Fatalf("%s: line %d: torn %t, %v", path, r.line, r.torn, err)
		}
		if header {
			header = false
			continue
		}
		record, err := f.parse(r.text)
		if err != nil {
			t.Fatal(err)
		}
		mark := ""
		if record.Failed() {
			mark = "!"
		}
		all = append(all, fmt.Sprintf("%d/%d %s%s", record.N, record.Of, record.Image, mark))
	}
	return strings.Join(all, ", ")
}

func refused(t *testing.T, path string, f Format, o CreateOptions, message string) {
	t.Helper()
	if o.Settings == nil {
		o.Settings = []Settings{settings}
	}
	before := read(t, path)
	file, err := Create(t.Context(), path, f, o)
	if err == nil {
		_ = file.Close()
		t.Fatalf("not refused, want %q", message)
	}
	if !strings.Contains(err.Error(), message) || !strings.Contains(err.Error(), filepath.Base(path)) {
		t.Errorf("refused with %q, want the file's name and %q", err, message)
	}
	if after := read(t, path); after != before {
		t.Errorf("the file has changed to %q", after)
	}
}

func TestCreate(t *testing.T) {
	for _, f := range []Format{Plain, JSONL, CSV} {
		path := filepath.Join(t.TempDir(), "out")
		write(t, path, f, CreateOptions{})
		if got := read(t, path); got != string(f.header()) {
			t.Errorf("%s: a file without records is %q", f, got)
		}
		write(t, path, f, CreateOptions{Overwrite: true}, pair(0, "a"))
		var want bytes.Buffer
		r := pair(0, "a")
		settings.Stamp(&r)
		if err := New(&want, f, false).Write(r); err != nil {
			t.Fatal(err)
		}
		if got := read(t, path); got != want.String() {
			t.Errorf("%s: the file is %q, want %q", f, got, want.String())
		}
		remedy := "exists and is not empty; --resume continues it, --overwrite replaces it"
		if f.name == plainName {
			remedy = "exists and is not empty; --overwrite replaces it"
			refused(t, path, f, CreateOptions{Resume: true}, "format plain cannot be resumed")
		} else {
			refused(t, path, f, CreateOptions{Resume: true, Overwrite: true}, "both resumed and overwritten")
		}
		refused(t, path, f, CreateOptions{}, remedy)
	}
	if _, err := Create(t.Context(), t.TempDir(), JSONL, CreateOptions{}); err == nil {
		t.Error("a folder is taken for an output")
	}
}

// What is overwritten stays until there is an answer, or the end of the run.
func TestOverwrite(t *testing.T) {
	for _, f := range []Format{JSONL, CSV} {
		path := filepath.Join(t.TempDir(), "out")
		write(t, path, f, CreateOptions{}, pair(0, "old"), pair(1, "old"))
		old := read(t, path)
		file := create(t, path, f, CreateOptions{Overwrite: true})
		if err := file.Write(broken(0, "a")); err != nil || read(t, path) != old {
			t.Errorf("%s: after a failure: %v, %q", f, err, read(t, path))
		}
		refused(t, path, f, CreateOptions{Overwrite: true}, "is in use by another mcllava")
		if err := file.Close(); err != nil || read(t, path) != old {
			t.Errorf("%s: without an answer: %v, %q", f, err, read(t, path))
		}
		write(t, path, f, CreateOptions{Overwrite: true}, broken(0, "a"), pair(1, "b"), broken(2, "c"))
		if got := listed(t, path, f); got != "0/10 a!, 1/10 b, 2/10 c!" {
			t.Errorf("%s: overwritten: %s", f, got)
		}
		file = create(t, path, f, CreateOptions{Overwrite: true})
		if err := errors.Join(file.Write(broken(0, "a")), file.Begin(), file.Begin(), file.Write(broken(1, "b")), file.Close()); err != nil {
			t.Error(err)
		}
		if got := listed(t, path, f); got != "0/10 a!, 1/10 b!" {
			t.Errorf("%s: overwritten by failures: %s", f, got)
		}
		file = create(t, path, f, CreateOptions{Overwrite: true})
		if err := errors.Join(file.Begin(), file.Close()); err != nil || read(t, path) != string(f.header()) {
			t.Errorf("%s: overwritten by nothing: %v, %q", f, err, read(t, path))
		}
		write(t, path, f, CreateOptions{Overwrite: true}, pair(0, "old"))
		file = create(t, path, f, CreateOptions{Overwrite: true})
		many := 0
		for ; read(t, path) == "" || strings.Contains(read(t, path), "old"); many++ {
			if err := file.Write(broken(many, "a")); err != nil || many > mostPending {
				t.Fatalf("%d failures: %v", many, err)
			}
		}
		if err := errors.Join(file.Write(pair(many, "b")), file.Close()); err != nil || !strings.HasSuffix(listed(t, path, f), fmt.Sprintf(" %d/10 b", many)) {
			t.Errorf("%s: after %d failures: %v", f, many, err)
		}
	}
}

// memory is a folder for tests that would wait for a disk thousands of times.
func memory(t *testing.T) string {
	folder, err := os.MkdirTemp("/dev/shm", "records")
	if err != nil {
		return t.TempDir()
	}
	t.Cleanup(func() { _ = os.RemoveAll(folder) })
	return folder
}

// TestTorn cuts a file at every length, resumes it, and has every pair once.
func TestTorn(t *testing.T) {
	for _, f := range []Format{JSONL, CSV} {
		path := filepath.Join(memory(t), "out")
		all := []Record{pair(0, "a"), broken(1, "b"), pair(2, "c"), pair(3, "d")}
		write(t, path, f, CreateOptions{}, all...)
		whole := read(t, path)
		for n := range len(whole) + 1 {
			if err := os.WriteFile(path, []byte(whole[:n]), 0o644); err != nil {
				t.Fatal(err)
			}
			file := create(t, path, f, CreateOptions{Resume: true})
			ends := n == 0 || strings.HasSuffix(whole[:n], "}\n") || f.name == jsonlName && strings.HasPrefix(whole[n:], "\n") || strings.HasSuffix(whole[:n], "\r\n")
			if torn := file.Found().Torn; torn == ends {
				t.Fatalf("%s: cut at %d bytes, torn is %t", f, n, torn)
			}
			left := 0
			for _, r := range all {
				if file.Done(r) {
					continue
				}
				left++
				if r.Failed() {
					r = pair(r.N, r.Image)
				}
				if err := file.Write(r); err != nil {
					t.Fatal(err)
				}
			}
			if file.Found().Answered+left != len(all) || file.Unclaimed() != 0 {
				t.Fatalf("%s: cut at %d bytes, %+v were found and %d left", f, n, file.Found(), left)
			}
			if err := file.Close(); err != nil {
				t.Fatal(err)
			}
			got := strings.Split(listed(t, path, f), ", ")
			for _, want := range []string{"0/10 a", "1/10 b", "2/10 c", "3/10 d"} {
				if len(got) != 4 || strings.Count(strings.Join(got, ", "), want) != 1 {
					t.Fatalf("%s: cut at %d bytes, there are %s", f, n, got)
				}
			}
		}
	}
}

// TestZeros resumes a file whose end a power cut has left as zeros.
func TestZeros(t *testing.T) {
	for _, f := range []Format{JSONL, CSV} {
		path := filepath.Join(t.TempDir(), "out")
		for _, records := range [][]Record{nil, {pair(0, "a")}} {
			write(t, path, f, CreateOptions{Overwrite: true}, records...)
			whole := read(t, path)
			if err := os.WriteFile(path, []byte(whole+string(make([]byte, 4096))), 0o644); err != nil {
				t.Fatal(err)
			}
			write(t, path, f, CreateOptions{Resume: true})
			if got := read(t, path); got != whole {
				t.Errorf("%s: the file is %q, want %q", f, got, whole)
			}
		}
	}
}

func TestFailedAreAskedAgain(t *testing.T) {
	for _, f := range []Format{JSONL, CSV} {
		folder := t.TempDir()
		path := filepath.Join(folder, "out")
		write(t, path, f, CreateOptions{}, broken(0, "a"), pair(1, "b"), broken(2, "c"))
		if err := os.Chmod(path, 0o640); err != nil {
			t.Fatal(err)
		}
		link := filepath.Join(folder, "link")
		if err := os.Symlink(path, link); err != nil {
			t.Skip(err)
		}
		file := create(t, link, f, CreateOptions{Resume: true})
		if got := listed(t, path, f); got != "1/10 b" {
			t.Errorf("%s: when the run begins, the file has %s", f, got)
		}
		if got := file.Found(); got != (Found{Answered: 1, Failed: 2}) {
			t.Errorf("%s: found %+v", f, got)
		}
		for n, image := range []string{"a", "b", "c"} {
			if got, want := file.Done(pair(n, image)), image == "b"; got != want {
				t.Errorf("%s: %s is done: %t", f, image, got)
			}
		}
		for _, r := range []Record{pair(0, "a"), broken(2, "c")} {
			if err := file.Write(r); err != nil {
				t.Fatal(err)
			}
		}
		if err := file.Close(); err != nil {
			t.Fatal(err)
		}
		if got := listed(t, path, f); got != "1/10 b, 0/10 a, 2/10 c!" {
			t.Errorf("%s: in the end, the file has %s", f, got)
		}
		if info, err := os.Lstat(link); err != nil || info.Mode()&os.ModeSymlink == 0 {
			t.Errorf("the link has become %v, %v", info.Mode(), err)
		}
		if info, err := os.Stat(path); runtime.GOOS != "windows" && (err != nil || info.Mode().Perm() != 0o640) {
			t.Errorf("the mode has become %v, %v", info.Mode(), err)
		}
		if entries, err := os.ReadDir(folder); err != nil || len(entries) != 2 {
			t.Errorf("the folder has %v, %v", entries, err)
		}
	}
}

func TestResumeRefuses(t *testing.T) {
	folder := t.TempDir()
	path := filepath.Join(folder, "out")
	for _, c := range []struct {
		text, message string
		format        Format
	}{
		{"a note\n", "is no output in the format jsonl", JSONL},
		{"a note", "is no output in the format jsonl", JSONL},
		{"a note", "is no output in the format csv", CSV},
		{string(CSV.header()), "is no output in the format jsonl", JSONL},
		{"{}\n", "is no output in the format csv", CSV},
		{"image,question\r\n", "a CSV without the column id cannot be resumed", CSV},
		{"{}\n", "line 1 is no record: it has no image", JSONL},
		{"{\"image\":\"a\",\"question\":\"b\"}\n", "line 1 is no record: it has no number", JSONL},
		{"{\"image\":\"a\",\"question\":\"b\",\"n\":0}\n", "line 1 has no key", JSONL},
		{"{\"image\":\"a\",\"n\":\"1\"}\n", "line 1 is no record: n: found a string, expected a whole number", JSONL},
		{"{\"max_crops\":1.5}\n", "line 1 is no record: max_crops: found 1.5, expected a whole number", JSONL},
		{"{\"seconds\":{\"load\":\"x\"}}\n", "line 1 is no record: seconds.load: found a string, expected a number", JSONL},
		{"{\"tokens\":[1,\"x\"]}\n", "line 1 is no record: tokens: found a string, expected a whole number", JSONL},
		{"{\"image_bytes\":\"-\"}\n", "line 1 is no record: image_bytes is not in base64", JSONL},
		{"{\"image\":\"a\",\n", "line 1 is no JSON object of a record", JSONL},
		{"{\"image\":3}\n", "line 1 is no record: image: found a number, expected a string", JSONL},
		{string(CSV.header()) + "a,b\r\n", "line 2 has 2 fields, expected ", CSV},
	} {
		if err := os.WriteFile(path, []byte(c.text), 0o644); err != nil {
			t.Fatal(err)
		}
		refused(t, path, c.format, CreateOptions{Resume: true}, c.message)
	}
}

func TestResumeRefusesOtherSettings(t *testing.T) {
	for _, f := range []Format{JSONL, CSV} {
		path := filepath.Join(t.TempDir(), "out")
		write(t, path, f, CreateOptions{}, broken(0, "a"), pair(1, "b"))
		for _, c := range []struct {
			change  func(*Settings)
			message string
		}{
			{func(s *Settings) { s.Knobs.MaxCrops = 50 }, "was answered with different settings: max-crops 100, this run 50"},
			{func(s *Settings) { s.Knobs.MaxNewTokens, s.Knobs.Seed = 9, 1 }, "max-new-tokens 200, this run 9; seed 18446744073709551615, this run 1"},
			{func(s *Settings) { s.Knobs.Temperature, s.Knobs.TopP = 0, 1 }, "temperature 0.7, this run 0; top-p 0.9, this run 1"},
			{func(s *Settings) { s.Knobs.System = "" }, `system "be\nbrief", this run ""`},
			{func(s *Settings) { s.Knobs.Prompt = "" }, `prompt <image>{question}, this run ""`},
			{func(s *Settings) { s.Precision = "f32" }, "precision q8, this run f32"},
			{func(s *Settings) { s.Checkpoint = "d" }, "was answered by another checkpoint of the name demo"},
			{func(s *Settings) { s.Checkpoint, s.Model = "d", "large" }, "by another checkpoint: demo, this run large"},
			{func(s *Settings) { s.Knobs.NumTokens = 728 }, "num-tokens 0, this run 728"},
		} {
			other := settings
			c.change(&other)
			refused(t, path, f, CreateOptions{Resume: true, Settings: []Settings{other}}, c.message)
		}
		other := settings
		other.Model = "the same by another name"
		file, err := Create(t.Context(), path, f, CreateOptions{Resume: true, Settings: []Settings{other}})
		if err != nil {
			t.Fatal(err)
		}
		if err := file.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// TestGrownInput resumes after the input has got more pairs, in between and the same twice.
func TestGrownInput(t *testing.T) {
	grown := func(n int, image string) Record {
		r := pair(n, image)
		r.Of = 12
		return r
	}
	for _, f := range []Format{JSONL, CSV} {
		path := filepath.Join(t.TempDir(), "out")
		write(t, path, f, CreateOptions{}, pair(0, "b"), pair(1, "d"), pair(2, "d"), pair(3, "e"))
		file := create(t, path, f, CreateOptions{Resume: true})
		for n, image := range []string{"a", "b", "c", "d", "d", "d", "e"} {
			r := grown(n, image)
			if file.Done(r) {
				continue
			}
			if err := file.Write(r); err != nil {
				t.Fatal(err)
			}
		}
		if err := file.Close(); err != nil {
			t.Fatal(err)
		}
		if got, want := listed(t, path, f), "1/12 b, 3/12 d, 4/12 d, 6/12 e, 0/12 a, 2/12 c, 5/12 d"; got != want {
			t.Errorf("%s: got %s, want %s", f, got, want)
		}
	}
}

// TestShrunkInput keeps answers of pairs that the input has no more, under their numbers.
func TestShrunkInput(t *testing.T) {
	path := filepath.Join(t.TempDir(), "out")
	write(t, path, JSONL, CreateOptions{}, pair(0, "a"), pair(1, "b"))
	file := create(t, path, JSONL, CreateOptions{Resume: true})
	if !file.Done(pair(0, "b")) || file.Unclaimed() != 1 {
		t.Errorf("b is not done, or %d unclaimed", file.Unclaimed())
	}
	if err := file.Close(); err != nil {
		t.Fatal(err)
	}
	if got := listed(t, path, JSONL); got != "0/10 a, 1/10 b" {
		t.Errorf("got %s", got)
	}
}

// TestSamePairTwice answers what is missing of two equal pairs, whichever has failed.
func TestSamePairTwice(t *testing.T) {
	path := filepath.Join(t.TempDir(), "out")
	write(t, path, JSONL, CreateOptions{}, broken(0, "a"), pair(1, "a"))
	file := create(t, path, JSONL, CreateOptions{Resume: true})
	for n := range 2 {
		if r := pair(n, "a"); !file.Done(r) {
			if err := file.Write(r); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := file.Close(); err != nil {
		t.Fatal(err)
	}
	if got := listed(t, path, JSONL); got != "0/10 a, 1/10 a" {
		t.Errorf("got %s", got)
	}
}

// TestCopies tells pictures of the same content by their names, even those whose names are no UTF-8.
func TestCopies(t *testing.T) {
	for _, f := range []Format{JSONL, CSV} {
		path := filepath.Join(t.TempDir(), "out")
		copied := func(n int, image string) Record {
			r := pair(n, "a")
			r.Image = image
			return r
		}
		write(t, path, f, CreateOptions{}, copied(0, "a.jpg"), copied(1, "a\xff.jpg"))
		file := create(t, path, f, CreateOptions{Resume: true})
		for n, image := range []string{"a.jpg", "a\xff.jpg", "b.jpg"} {
			if got, want := file.Done(copied(n, image)), n < 2; got != want {
				t.Errorf("%s: %q is done: %t", f, image, got)
			}
		}
		if err := file.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// TestTwoProcesses has another process write to the file. It is this test, which finds the path in its environment.
func TestTwoProcesses(t *testing.T) {
	if path := os.Getenv("RECORDS_TEST_PATH"); path != "" {
		_, err := Create(t.Context(), path, JSONL, CreateOptions{Resume: true, Settings: []Settings{settings}})
		fmt.Println("second:", err)
		return
	}
	if runtime.GOOS == "solaris" || runtime.GOOS == "aix" {
		t.Skip("no locks on this system")
	}
	path := filepath.Join(t.TempDir(), "out.jsonl")
	second := func(path string) string {
		c := exec.Command(os.Args[0], "-test.run=^TestTwoProcesses$")
		c.Env = append(os.Environ(), "RECORDS_TEST_PATH="+path)
		out, err := c.CombinedOutput()
		if err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		return string(out)
	}
	write(t, path, JSONL, CreateOptions{}, pair(0, "a"), broken(1, "b"))
	file := create(t, path, JSONL, CreateOptions{Resume: true}) // has replaced the file
	if out := second(path); !strings.Contains(out, "out.jsonl: is in use by another mcllava") {
		t.Errorf("the second process: %s", out)
	}
	if _, err := OpenMerge(t.Context(), []string{path}, MergeOptions{}); err == nil || !strings.Contains(err.Error(), "out.jsonl: is in use by another mcllava") {
		t.Errorf("merge meanwhile: %v", err)
	}
	if err := WriteFile(t.Context(), path, true, nil); err == nil || !strings.Contains(err.Error(), "out.jsonl: is in use by another mcllava") {
		t.Errorf("merge into it: %v", err)
	}
	if err := file.Close(); err != nil {
		t.Fatal(err)
	}
	if out := second(path); !strings.Contains(out, "second: <nil>") {
		t.Errorf("the second process after the first: %s", out)
	}
}

// TestFullDisk fills a small file system. What fits is whole, and the run goes on when there is room.
func TestFullDisk(t *testing.T) {
	folder := t.TempDir()
	if runtime.GOOS != "linux" || os.Geteuid() != 0 {
		t.Skip("only root on Linux can mount a small file system")
	}
	if out, err := exec.Command("mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", folder).CombinedOutput(); err != nil {
		t.Skipf("no small file system: %v %s", err, out)
	}
	t.Cleanup(func() { _ = exec.Command("umount", folder).Run() })
	ballast := filepath.Join(folder, "ballast")
	for _, f := range []Format{JSONL, CSV} {
		if err := os.WriteFile(ballast, make([]byte, 20<<10), 0o644); err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(folder, "out")
		file := create(t, path, f, CreateOptions{})
		wrote := 0
		var err error
		for ; err == nil; wrote++ {
			err = file.Write(pair(wrote, fmt.Sprint(wrote)))
		}
		wrote--
		if !errors.Is(err, syscall.ENOSPC) || !strings.HasPrefix(err.Error(), path+": no space left") {
			t.Errorf("%s: %v", f, err)
		}
		if again := file.Write(pair(0, "0")); !errors.Is(again, syscall.ENOSPC) {
			t.Errorf("%s: a write after the failure: %v", f, again)
		}
		if err := file.Close(); err != nil {
			t.Error(err)
		}
		if got := strings.Count(listed(t, path, f), "/10"); got != wrote || wrote < 3 {
			t.Errorf("%s: %d records are whole, %d were written", f, got, wrote)
		}
		if err := os.Remove(ballast); err != nil {
			t.Fatal(err)
		}
		file = create(t, path, f, CreateOptions{Resume: true})
		if got := file.Found(); got != (Found{Answered: wrote}) {
			t.Errorf("%s: found %+v, want %d", f, got, wrote)
		}
		if err := file.Write(pair(wrote, "more")); err != nil {
			t.Error(err)
		}
		if err := file.Close(); err != nil {
			t.Error(err)
		}
		if err := os.Remove(path); err != nil {
			t.Fatal(err)
		}
	}
}

// TestNoRoomToReplace leaves the file as it is when there is no room to write it anew.
func TestNoRoomToReplace(t *testing.T) {
	folder := t.TempDir()
	path := filepath.Join(folder, "out")
	write(t, path, JSONL, CreateOptions{}, broken(0, "a"), pair(1, "b"))
	if err := os.Chmod(folder, 0o555); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.Chmod(folder, 0o755) })
	if os.Geteuid() == 0 || runtime.GOOS == "windows" {
		t.Skip("root and Windows write to a folder without permission")
	}
	refused(t, path, JSONL, CreateOptions{Resume: true}, "permission denied")
}

func TestDevices(t *testing.T) {
	if _, err := os.Stat("/dev/full"); err != nil {
		t.Skip("no /dev/full")
	}
	file := create(t, "/dev/full", JSONL, CreateOptions{})
	if err := file.Write(pair(0, "a")); !errors.Is(err, syscall.ENOSPC) || err.Error() != "/dev/full: no space left on device" {
		t.Errorf("/dev/full: %v", err)
	}
	if err := file.Close(); err != nil {
		t.Error(err)
	}
	write(t, "/dev/null", CSV, CreateOptions{}, pair(0, "a"))
	if _, err := Create(t.Context(), "/dev/null", JSONL, CreateOptions{Resume: true}); err == nil || !strings.Contains(err.Error(), "/dev/null: is no regular file") {
		t.Errorf("resuming /dev/null: %v", err)
	}
}

// TestManyDone keeps a million pairs in little memory.
func TestManyDone(t *testing.T) {
	if testing.Short() {
		t.Skip("takes a second")
	}
	const pairs = 1 << 18
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	var done numbers[pairID]
	for n := range pairs {
		done.add(idOf(Record{Key: "key", N: n, Image: fmt.Sprint(n)}), uint32(n))
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	if used := int64(after.HeapAlloc) - int64(before.HeapAlloc); used > 16<<20 {
		t.Errorf("%d pairs take %d bytes", pairs, used)
	}
	if n, ok := done.take(idOf(Record{Key: "key", Image: "77"}), 0); !ok || n != 77 || done.count != pairs-1 {
		t.Errorf("pair 77 is %d, %t", n, ok)
	}
}

// TestLeftFiles has what a killed process left beside an output, and what is none of ours.
func TestLeftFiles(t *testing.T) {
	folder := t.TempDir()
	path := filepath.Join(folder, "out.jsonl")
	for _, run := range []func() error{
		func() error {
			file, err := Create(t.Context(), path, JSONL, CreateOptions{Resume: true, Settings: []Settings{settings}})
			return errors.Join(err, file.Close())
		},
		func() error { return WriteFile(t.Context(), path, true, func(io.Writer) error { return nil }) },
	} {
		for _, name := range []string{".mcllava-LEFT", "mine.txt"} {
			if err := os.WriteFile(filepath.Join(folder, name), []byte("half a rec"), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		if err := run(); err != nil {
			t.Fatal(err)
		}
		entries, err := os.ReadDir(folder)
		if err != nil || len(entries) != 2 || entries[0].Name() != "mine.txt" || entries[1].Name() != "out.jsonl" {
			t.Errorf("the folder has %v, %v", entries, err)
		}
	}
}
