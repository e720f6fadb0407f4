package cmd

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// TestFullDisk fills a disk with answers: the run ends with one line that says so, and goes on once there is room.
func TestFullDisk(t *testing.T) {
	if testing.Short() {
		t.Skip("many runs")
	}
	folder := smallStreets(t, 10)
	for _, format := range []string{"json", "csv"} {
		t.Run(format, func(t *testing.T) {
			disk := smallDisk(t, "size=12k")
			unbroken := newLongRun(t, folder, format)
			unbroken.finish(t)
			want := unbroken.records(t)

			r := newLongRun(t, folder, format)
			r.output = filepath.Join(disk, "out."+format)
			c := r.command()
			message, err := c.CombinedOutput()
			if c.ProcessState.ExitCode() != exitFailed || string(message) != "mcllava: "+r.output+": no space left on device\n" {
				t.Errorf("%v, standard error %q", err, message)
			}
			some := r.records(t)
			if len(some) == 0 || len(some) >= len(want) {
				t.Errorf("%d records fit, of %d", len(some), len(want))
			}
			same(t, some, want[:len(some)])

			if message, err := r.command().CombinedOutput(); err == nil || strings.Count(string(message), "\n") != 1 {
				t.Errorf("the disk is still full: %v, standard error %q", err, message)
			}
			again := r.records(t) // one more may fit, whose times have fewer digits
			if len(again) < len(some) || len(again) >= len(want) {
				t.Errorf("%d records fit, and then %d, of %d", len(some), len(again), len(want))
			}
			same(t, again, want[:len(again)])

			if err := syscall.Mount("tmpfs", disk, "tmpfs", syscall.MS_REMOUNT, "size=1m"); err != nil {
				t.Fatal(err)
			}
			r.finish(t)
			same(t, r.records(t), want)
		})
	}
}

// smallDisk is the folder of a disk that holds little.
func smallDisk(t *testing.T, size string) string {
	t.Helper()
	disk := t.TempDir()
	if err := syscall.Mount("tmpfs", disk, "tmpfs", 0, size); err != nil {
		t.Skipf("no small disk can be made here: %v", err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(disk, syscall.MNT_DETACH); err != nil {
			t.Error(err)
		}
	})
	return disk
}

// TestFullDiskOfCache asks with a cache that has no room for a picture's features: the answer is as without.
func TestFullDiskOfCache(t *testing.T) {
	disk := smallDisk(t, "size=8k")
	c := exec.Command("mcllava", "ask", "--quiet", "--max-crops", "9", "--cache", filepath.Join(disk, "cache"), filepath.Join(smallStreets(t, 3), "3.png"), "is it day or night?")
	if out, err := c.CombinedOutput(); err != nil || string(out) != "It is night.\n" {
		t.Errorf("%v: %s", err, out)
	}
	if left, err := filepath.Glob(filepath.Join(disk, "cache", "*", "*")); err != nil || len(left) > 0 {
		t.Errorf("left on the disk: %v, %v", left, err)
	}
}

// TestFullDiskOfScenes draws more than a disk has room for, into a new folder and into the disk's own.
func TestFullDiskOfScenes(t *testing.T) {
	disk := smallDisk(t, "size=60k")
	for _, folder := range []string{filepath.Join(disk, "set"), disk} {
		message, err := exec.Command("mcllava", "scenes", folder, "--n", "40", "--quiet").CombinedOutput()
		begin, end := "mcllava: "+folder+string(filepath.Separator), ": no space left on device\n"
		if got := string(message); err == nil || !strings.HasPrefix(got, begin) || !strings.HasSuffix(got, end) || strings.Contains(got, ".mcllava-") || strings.Count(got, "\n") != 1 {
			t.Errorf("%v: %q, expected one line of %q to %q", err, got, begin, end)
		}
		if left, err := os.ReadDir(disk); err != nil || len(left) > 0 {
			t.Errorf("left on the disk: %v, %v", left, err)
		}
	}
}
