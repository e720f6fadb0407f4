package hub

import (
	"strings"
	"syscall"
	"testing"
)

// smallDisk is the folder of a disk in memory.
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

func remount(t *testing.T, disk string, flags uintptr) {
	t.Helper()
	if err := syscall.Mount("tmpfs", disk, "tmpfs", syscall.MS_REMOUNT|flags, ""); err != nil {
		t.Fatal(err)
	}
}

func TestDiskFull(t *testing.T) {
	server, client := start(t)
	kept := client.Cache
	client.Cache = Cache(smallDisk(t, "size=64k"))
	fails(t, client, ".safetensors", "cannot write to the hub cache", "no space left on device")
	client.Cache = kept
	pullsWhole(t, server, client)
}

// TestReadOnlyDisk pulls what is there already into a cache that cannot be written to.
func TestReadOnlyDisk(t *testing.T) {
	server, client := start(t)
	disk := smallDisk(t, "size=64m")
	client.Cache = Cache(disk)
	pullsWhole(t, server, client)
	remount(t, disk, syscall.MS_RDONLY)
	pullsWhole(t, server, client)
	server.Files["config.json"] = append(server.Files["config.json"], '\n')
	if _, err := client.Pull(t.Context(), repo, "main"); err == nil || !strings.Contains(err.Error(), "read-only file system") {
		t.Errorf("a changed file cannot be written, and the error is %v", err)
	}
}
