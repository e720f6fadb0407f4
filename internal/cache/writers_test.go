package cache

import (
	"bufio"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// writerFrom is the first crop that a writer process stores.
const writerFrom = "MCLLAVA_TEST_CACHE_FROM"

// writtenCrops is how many crops a writer stores.
const writtenCrops = 2 * mostSegments

func writtenCrop(i int) Crop { return oneCrop(3, i, 1+i%7) }

// write stores crops of one picture one after the other, each with the one before, and prints the number of each.
func write(folder string) error {
	from, err := strconv.Atoi(os.Getenv(writerFrom))
	if err != nil {
		return err
	}
	c, err := Open(folder, 1<<30)
	if err != nil {
		return err
	}
	c.patience = time.Minute
	for i := from; i < from+writtenCrops; i++ {
		if err := c.Store(picture(3), testWidth, []Crop{writtenCrop(max(from, i-1)), writtenCrop(i)}); err != nil {
			return err
		}
		fmt.Println(i)
	}
	return nil
}

// TestKilledWriters kills writers of one key. What one has stored is there, and stays there whatever others do.
func TestKilledWriters(t *testing.T) {
	c := cacheOf(t, 1<<30)
	stored := make([]Crop, 0, 3*writtenCrops)
	killed := 0
	for n := 0; n < 3*writtenCrops; {
		w := exec.Command(os.Args[0])
		w.Env = append(os.Environ(), workerFolder+"="+c.folder, fmt.Sprintf("%s=%d", writerFrom, n))
		w.Stderr = os.Stderr
		out, err := w.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := w.Start(); err != nil {
			t.Fatal(err)
		}
		kill := 5 + rand.IntN(30)
		lines := bufio.NewScanner(out)
		for lines.Scan() {
			if lines.Text() != fmt.Sprint(n) {
				t.Fatalf("the writer says %q, want %d", lines.Text(), n)
			}
			stored = append(stored, writtenCrop(n))
			if n++; kill == 0 {
				_ = w.Process.Kill()
				killed++
			}
			kill--
		}
		_ = w.Wait()
		wantCrops(t, c, picture(3), stored)
		if t.Failed() {
			t.FailNow()
		}
	}
	t.Logf("%d writers killed, %d crops in %d segments", killed, len(stored), len(segmentsOf(t, c, picture(3))))
	if killed < 3 {
		t.Errorf("only %d writers were killed", killed)
	}
	store(t, c, picture(4), features(4, 1))
	if left, err := filepath.Glob(filepath.Join(c.folder, ".mcllava-*")); len(left) > 0 || err != nil {
		t.Errorf("%q of killed writers are left, %v", left, err)
	}
	if n := len(segmentsOf(t, c, picture(3))); n > mostSegments+1 {
		t.Errorf("%d segments, want at most %d", n, mostSegments+1)
	}
	if v, err := c.Verify(t.Context(), func(path, reason string) { t.Error(path, reason) }); err != nil || v.Whole.Entries == 0 {
		t.Errorf("%+v, %v", v, err)
	}
}

// TestWritersOfOneKey has writers and merges at once. A reader sees no crop go that was there.
func TestWritersOfOneKey(t *testing.T) {
	c := cacheOf(t, 1<<30)
	c.patience = time.Minute
	const writers, each = 4, mostSegments + 9
	var group sync.WaitGroup
	var stored [writers]atomic.Int64
	for w := range writers {
		group.Go(func() {
			for n := range each {
				if err := c.Store(picture(3), testWidth, []Crop{writtenCrop(w*each + n)}); err != nil {
					t.Error(err)
					return
				}
				stored[w].Store(int64(n + 1))
			}
		})
	}
	done := make(chan struct{})
	go func() { group.Wait(); close(done) }()
	for running := true; running; {
		select {
		case <-done:
			running = false
		default:
		}
		var want []Crop
		for w := range writers {
			for n := range int(stored[w].Load()) {
				want = append(want, writtenCrop(w*each+n))
			}
		}
		if !running && len(want) != writers*each {
			t.Errorf("%d crops stored, want %d", len(want), writers*each)
		}
		if got := has(c, picture(3), want); slices.Contains(got, false) {
			t.Fatalf("crop %d of %d is not there", slices.Index(got, false), len(got))
		}
		for i, crop := range load(c, picture(3), want) {
			if !slices.Equal(crop.Rows, want[i].Rows) || !crop.Found() {
				t.Fatalf("crop %d of %d is %+v, want %+v", i, len(want), crop, want[i])
			}
		}
	}
}
