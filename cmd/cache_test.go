package cmd

import (
	"image"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/spf13/cobra"

	"github.com/mcllava/mcllava"
	"github.com/mcllava/mcllava/internal/cache"
)

func TestByteSizes(t *testing.T) {
	for text, want := range map[string]int64{
		"0": 0, "17": 17, "17B": 17, "500M": 500e6, "500m": 500e6, "4G": 4e9, "4GB": 4e9, "4gb": 4e9, "4GiB": 4 << 30, "4Gi": 4 << 30,
		"1.5G": 1.5e9, "2 GiB": 2 << 30, " 1K ": 1000, "1KiB": 1024, "2T": 2e12, "2TiB": 2 << 40, "0.0000001K": 0, "4000000000": 4e9,
	} {
		var b byteSize
		if err := b.Set(text); err != nil || int64(b) != want {
			t.Errorf("%q is %d, %v, want %d", text, b, err, want)
		}
		again := byteSize(-1)
		if err := again.Set(b.String()); err != nil || again != b {
			t.Errorf("%q prints as %q, which is %d, %v", text, b.String(), again, err)
		}
	}
	for _, text := range []string{"", "-1", "G", "4 X", "4GG", "4iB", "1e9", "0x10", "inf", "NaN", "4.G", ".5G", "4,5G", "99999999T", "9999999999999999999999", "4G 2M"} {
		b := byteSize(7)
		if err := b.Set(text); err == nil || b != 7 {
			t.Errorf("%q is %d, %v", text, b, err)
		}
	}
	for n, want := range map[byteSize]string{0: "0", 17: "17", 4e9: "4G", 4 << 30: "4GiB", 1500: "1500", 1500e3: "1500K", 1 << 20: "1MiB"} {
		if got := n.String(); got != want {
			t.Errorf("%d prints as %q, want %q", n, got, want)
		}
	}
}

func TestCacheFlags(t *testing.T) {
	t.Setenv("XDG_CONFIG_HOME", t.TempDir())
	for _, c := range []struct {
		args, environment []string
		want              cacheOptions
	}{
		{want: cacheOptions{Limit: 4e9}},
		{args: []string{"--cache", "there", "--cache-size", "500M"}, want: cacheOptions{Folder: "there", Limit: 500e6}},
		{environment: []string{"off", "1GiB"}, want: cacheOptions{Folder: "off", Limit: 1 << 30}},
		{args: []string{"--cache=there"}, environment: []string{"off", "0"}, want: cacheOptions{Folder: "there"}},
	} {
		t.Run("", func(t *testing.T) {
			for i, value := range c.environment {
				t.Setenv([]string{"MCLLAVA_CACHE", "MCLLAVA_CACHE_SIZE"}[i], value)
			}
			var o cacheOptions
			command := &cobra.Command{Use: "x", RunE: func(c *cobra.Command, _ []string) error { return bind(c, Streams{Err: io.Discard}) }}
			addCache(command, &o)
			addConfig(command)
			command.SetArgs(c.args)
			if err := command.Execute(); err != nil || o != c.want {
				t.Errorf("%+v, %v, want %+v", o, err, c.want)
			}
		})
	}
}

// given is a model that is told which cache to use.
type given struct{ mcllava.CacheOptions }

func (g *given) UseCache(o mcllava.CacheOptions) error {
	g.CacheOptions = o
	return nil
}

func TestWhichCacheIsUsed(t *testing.T) {
	home := t.TempDir()
	for _, name := range []string{"XDG_CACHE_HOME", "HOME", "LocalAppData"} {
		t.Setenv(name, home)
	}
	folder, err := os.UserCacheDir()
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		o    cacheOptions
		want mcllava.CacheOptions
	}{
		{cacheOptions{Limit: 5}, mcllava.CacheOptions{Folder: filepath.Join(folder, "mcllava", "features"), Limit: 5}},
		{cacheOptions{Folder: "there", Limit: 5, Rows: rowsKept, Prompt: true}, mcllava.CacheOptions{Folder: "there", Limit: 5, KeptRows: true, Prompts: true}},
		{cacheOptions{Folder: cacheOff, Limit: 5}, mcllava.CacheOptions{Limit: 5}},
	} {
		var got given
		if err := c.o.use(&got); err != nil || got.CacheOptions != c.want {
			t.Errorf("%+v gives %+v, %v, want %+v", c.o, got, err, c.want)
		}
		if _, err := c.o.open(); err != nil {
			t.Error(err)
		}
	}
	for _, name := range []string{"XDG_CACHE_HOME", "HOME", "LocalAppData"} {
		t.Setenv(name, "")
	}
	var got given
	if err := (cacheOptions{Limit: 5}).use(&got); err != nil || got.Folder != "" {
		t.Errorf("without a user's folder: %+v, %v, want none", got, err)
	}
	if c, err := (cacheOptions{Limit: 5}).open(); err == nil {
		t.Errorf("without a user's folder: %+v, want an error", c)
	}
}

// TestCacheCommands has a cache with entries, of which one gets damaged.
func TestCacheCommands(t *testing.T) {
	t.Setenv("XDG_CONFIG_HOME", t.TempDir())
	o := cacheOptions{Folder: t.TempDir(), Limit: 1e6}
	c, err := o.open()
	if err != nil {
		t.Fatal(err)
	}
	for i := range 3 {
		if err := c.Store(cache.Key{Picture: [32]byte{byte(i)}}, 1, []cache.Crop{{Box: image.Rect(0, 0, 2, 2), Keep: 1, Rows: []float32{1}}}); err != nil {
			t.Fatal(err)
		}
	}
	run := func(wantCode int, wantOut, wantMessage string, args ...string) {
		t.Helper()
		code, out, message := inProcess(append(append([]string{"cache"}, args...), "--cache", o.Folder)...)
		if code != wantCode || !strings.Contains(out, wantOut) || (wantOut == "") != (out == "") || message != wantMessage {
			t.Errorf("%v: exit code %d, standard output %q, standard error %q; want %d, %q, %q", args, code, out, message, wantCode, wantOut, wantMessage)
		}
	}
	run(0, "entries        3\n", "")
	run(0, "3 entries (0.0 MB), all as they were stored\n", "", "verify")
	files, err := filepath.Glob(filepath.Join(o.Folder, "*", "*.crops"))
	if err != nil || len(files) != 3 {
		t.Fatal(files, err)
	}
	data, err := os.ReadFile(files[1])
	if err != nil {
		t.Fatal(err)
	}
	data[len(data)-1] ^= 1
	if err := os.WriteFile(files[1], data, 0o600); err != nil {
		t.Fatal(err)
	}
	run(exitFailed, files[1]+": ", "mcllava: 1 of 3 entries were damaged and have been removed (0.0 MB)\n", "verify")
	run(0, "2 entries (0.0 MB), all as they were stored\n", "", "verify")
	run(0, `"entries":2,`, "", "--json")
	run(0, "2 entries removed (0.0 MB)\n", "", "clear")
	run(0, "entries        0\n", "")
}
