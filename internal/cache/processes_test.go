package cache

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"strconv"
	"sync"
	"testing"
	"time"
)

// The environment of a worker process.
const (
	workerFolder  = "MCLLAVA_TEST_CACHE"
	workerLimit   = "MCLLAVA_TEST_CACHE_LIMIT"
	workerSeconds = "MCLLAVA_TEST_CACHE_SECONDS"
)

var processSeconds = flag.Float64("seconds", 2, "how long TestProcesses takes")

const workerPictures, workerRows, workerPrompt = 60, 30, 1000

// work stores and loads at random for some time. What is not as some Store wrote it is an error, and so is a file in the place of
// an entry.
func work(folder string) error {
	limit, err := strconv.ParseInt(os.Getenv(workerLimit), 10, 64)
	if err != nil {
		return err
	}
	seconds, err := strconv.ParseFloat(os.Getenv(workerSeconds), 64)
	if err != nil {
		return err
	}
	c, err := Open(folder, limit)
	if err != nil {
		return err
	}
	c.patience = time.Minute // there are more processes than cores
	loaded, stored := 0, 0
	end := time.Now().Add(time.Duration(seconds * float64(time.Second)))
	for last := end.Add(time.Minute); time.Now().Before(end) || loaded == 0 && time.Now().Before(last); {
		if err := workOnce(c, rand.IntN(workerPictures), &loaded); err != nil {
			return err
		}
		stored++
	}
	if loaded == 0 || stored == 0 {
		return fmt.Errorf("%d loaded, %d stored", loaded, stored)
	}
	return nil
}

// workOnce loads crops of the i-th picture, and its prompt, and stores some.
func workOnce(c *Cache, i int, loaded *int) error {
	all, err := c.entries()
	if err != nil {
		return err
	}
	if len(all) > 0 {
		path := all[rand.IntN(len(all))].path
		if err := verify(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("%s: %w", path, err)
		}
	}
	want := features(i, rand.IntN(workerRows))
	for n, crop := range load(c, picture(i), want) {
		if !crop.Found() {
			continue
		}
		*loaded++
		crop.Map = nil
		if !reflect.DeepEqual(crop, want[n]) {
			return fmt.Errorf("a wrong crop %v, want %v", crop, want[n])
		}
	}
	if m, ok := c.Prompt(promptName(i)); ok {
		same := bytes.Equal(m.Data, promptData(i, workerPrompt))
		if err := m.Close(); err != nil || !same {
			return fmt.Errorf("a wrong prompt, %w", err)
		}
	}
	if rand.IntN(8) == 0 {
		return c.StorePrompt(promptName(i), workerPrompt, whole(promptData(i, workerPrompt)))
	}
	crops := features(i, rand.IntN(workerRows))
	if rand.IntN(2) == 0 {
		n := rand.IntN(len(crops))
		crops[n] = mapped(i, crops[n])
	}
	from := rand.IntN(len(crops))
	return c.Store(picture(i), testWidth, crops[from:from+1+rand.IntN(len(crops)-from)])
}

type worker struct {
	*exec.Cmd
	message bytes.Buffer
}

func startWorker(t *testing.T, c *Cache, seconds float64) *worker {
	t.Helper()
	w := &worker{Cmd: exec.Command(os.Args[0])}
	w.Env = append(os.Environ(), workerFolder+"="+c.folder, fmt.Sprintf("%s=%d", workerLimit, c.limit), fmt.Sprintf("%s=%g", workerSeconds, seconds))
	w.Stderr = &w.message
	if err := w.Start(); err != nil {
		t.Fatal(err)
	}
	return w
}

// TestProcesses has four processes use one cache with a small limit, while others are killed in the middle of what they do.
func TestProcesses(t *testing.T) {
	seconds := *processSeconds
	if testing.Short() {
		seconds = 1
	}
	c := cacheOf(t, 20*entrySize(t, workerRows))
	if err := os.MkdirAll(c.folder, 0o700); err != nil {
		t.Fatal(err)
	}
	var workers []*worker
	for range 4 {
		workers = append(workers, startWorker(t, c, seconds))
	}
	most, killed := int64(0), 0
	for end := time.Now().Add(time.Duration(seconds * float64(time.Second))); time.Now().Before(end); killed++ {
		victim := startWorker(t, c, seconds)
		time.Sleep(time.Duration(20+rand.IntN(80)) * time.Millisecond)
		_ = victim.Process.Kill()
		if err := victim.Wait(); victim.message.Len() > 0 {
			t.Errorf("%v: %s", err, victim.message.String())
		}
		sum, _ := total(t, c)
		most = max(most, sum)
	}
	for _, w := range workers {
		if err := w.Wait(); err != nil {
			t.Errorf("%v: %s", err, w.message.String())
		}
	}
	sum, n := total(t, c)
	most = max(most, sum)
	t.Logf("%d processes killed, %d entries at the end, at most %d bytes of %d", killed, n, most, c.limit)
	if most > c.limit || most < c.limit/2 {
		t.Errorf("at most %d bytes, want the limit of %d nearly reached", most, c.limit)
	}
	v, err := c.Verify(t.Context(), func(path, reason string) { t.Error(path, reason) })
	if v.Whole.Entries != n || n == 0 || err != nil {
		t.Errorf("%d of %d entries whole, %v", v.Whole.Entries, n, err)
	}
	store(t, c, picture(workerPictures), features(1, 1))
	if left, err := filepath.Glob(filepath.Join(c.folder, ".mcllava-*")); len(left) > 0 || err != nil {
		t.Errorf("%q of killed processes are left, %v", left, err)
	}
}

func TestGoroutines(t *testing.T) {
	c := cacheOf(t, 20*entrySize(t, workerRows))
	var group sync.WaitGroup
	for range 4 {
		group.Go(func() {
			loaded := 0
			for n := range 120 {
				if err := workOnce(c, rand.IntN(workerPictures), &loaded); err != nil {
					t.Error(err)
					return
				}
				if n == 60 {
					if _, err := c.Clear(); err != nil {
						t.Error(err)
					}
				}
			}
			if loaded == 0 {
				t.Error("nothing was loaded")
			}
		})
	}
	group.Wait()
	if sum, _ := total(t, c); sum > c.limit {
		t.Errorf("%d bytes, limit %d", sum, c.limit)
	}
}
