package cmd

import (
	"bytes"
	"flag"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"sync"
	"testing"
	"time"
)

var tinyPictures = flag.Int("tiny", 600, "pictures of the run whose memory is measured")

// TestMemoryOfManyPictures asks about many tiny pictures: at the end of the run its peak of memory is nearly that of its first
// tenth.
func TestMemoryOfManyPictures(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("memory under the race detector says nothing")
	}
	const growth = 5 << 10 // kB
	folder := t.TempDir()
	for i := range *tinyPictures {
		if err := os.WriteFile(filepath.Join(folder, fmt.Sprintf("%d.png", i)), tinyPicture(t, i), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	output := filepath.Join(t.TempDir(), "out.jsonl")
	c := exec.Command("mcllava", "ask", "--quiet", "--threads", "1", "--cache", "off", "--max-crops", "0", "--max-new-tokens", "1", "--json", "-o", output, folder, "-q", "is it day or night?")
	var message bytes.Buffer
	c.Stderr = &message
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- c.Wait() }()
	early, last := 0, 0
	for running := true; running; {
		select {
		case err := <-ended:
			if err != nil {
				t.Fatalf("%v: %s", err, &message)
			}
			running = false
		case <-time.After(5 * time.Millisecond):
		}
		if peak := peakMemory(c.Process.Pid); peak > 0 {
			last = peak
		}
		if early == 0 && countLines(t, output) >= *tinyPictures/10 {
			early = last
		}
	}
	if n := countLines(t, output); n != *tinyPictures {
		t.Errorf("%d records, want %d", n, *tinyPictures)
	}
	t.Logf("peak of %d kB after %d pictures, of %d kB after %d", early, *tinyPictures/10, last, *tinyPictures)
	if early == 0 || last > early+growth {
		t.Errorf("the peak of memory grew from %d kB to %d kB, expected at most %d kB more", early, last, growth)
	}
}

// tinyPicture is a PNG of 8 × 8 pixels, of another colour for each number.
func tinyPicture(t *testing.T, number int) []byte {
	t.Helper()
	m := image.NewRGBA(image.Rect(0, 0, 8, 8))
	for i := range 64 {
		m.Set(i%8, i/8, color.RGBA{uint8(number), uint8(number >> 8), uint8(i), 255})
	}
	var b bytes.Buffer
	if err := png.Encode(&b, m); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

var peakLine = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`(?m)^VmHWM:\s*(\d+) kB$`) })

// peakMemory is the most memory that a process had so far, in kB; 0 once it has ended.
func peakMemory(pid int) int {
	status, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	found := peakLine().FindSubmatch(status)
	if found == nil {
		return 0
	}
	n, _ := strconv.Atoi(string(found[1]))
	return n
}

func countLines(t *testing.T, path string) int {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	return bytes.Count(text, []byte("\n"))
}
