//go:build !noheif

package heif

import (
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"path/filepath"
	"runtime"
	"testing"
)

func picture(t *testing.T, name string) *Picture {
	t.Helper()
	p, err := Read(load(t, name))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// slow says that a picture is left out of a short run, which compiles one decoder alone.
func slow(name string) bool { return testing.Short() && filepath.Ext(name) == ".avif" }

// A decoder that does more than its picture is worth is stopped, and what it did leaves no trace in the next.
func TestBounds(t *testing.T) {
	for name, d := range map[string]*decoder{"420.heic": &hevc, "420.avif": &av1} {
		if slow(name) {
			continue
		}
		p := picture(t, name)
		in, err := d.start(p)
		if err != nil {
			t.Fatal(err)
		}
		in.fuel.Set(1000)
		in.write(p.file.data)
		for in.err == nil {
			in.call("malloc", 100)
		}
		if !errors.Is(in.err, errWork) || in.fuel.Get() != 0 {
			t.Errorf("%s: %v with %d left", name, in.err, in.fuel.Get())
		}
		in.close()

		in, err = d.start(p)
		if err != nil {
			t.Fatal(err)
		}
		before := in.module.Memory().Size()
		if in.alloc(1 << 30); !errors.Is(in.err, errMemory) || in.module.Memory().Size() != before {
			t.Errorf("%s: %v, %d bytes", name, in.err, in.module.Memory().Size())
		}
		in.close()
		if m, err := p.Decode(); m == nil || err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// A small file that claims a large picture gets none of the memory for it.
func TestClaimsCostNothing(t *testing.T) {
	for _, name := range []string{"420.heic", "420.avif"} {
		if slow(name) {
			continue
		}
		p := picture(t, name)
		if _, err := p.Decode(); err != nil { // compiled
			t.Fatal(err)
		}
		p.Width, p.Height = 15000, 15000
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		m, err := p.Decode()
		runtime.ReadMemStats(&after)
		if spent := after.TotalAlloc - before.TotalAlloc; m != nil || err == nil || spent > 16<<20 {
			t.Errorf("%s: %v, %d bytes were set aside", name, err, spent)
		}
	}
}

// Damaged data are a picture or an error.
func TestDamagedData(t *testing.T) {
	for _, name := range []string{"turned7.heic", "turned7.avif", "grid.heic", "10bit.avif", "alpha.heic", "alpha-odd.heic"} {
		if slow(name) {
			continue
		}
		data := load(t, name)
		step := max(1, len(data)/20)
		if testing.Short() {
			step *= 5
		}
		for at := 0; at < len(data); at += step {
			damaged := bytes.Clone(data)
			for i := at; i < min(at+4, len(data)); i++ {
				damaged[i] ^= 0x55
			}
			p, err := Read(damaged)
			if err != nil || p.Width*p.Height > 1<<20 {
				continue
			}
			if m, err := p.Decode(); (m == nil) == (err == nil) {
				t.Errorf("%s, byte %d: %v, %v", name, at, m != nil, err)
			}
			if !p.Transparent {
				continue
			}
			if m, err := p.DecodeAlpha(); (m == nil) == (err == nil) {
				t.Errorf("%s, byte %d: alpha %v, %v", name, at, m != nil, err)
			}
		}
	}
}

func TestMetered(t *testing.T) {
	for name, gz := range map[string][]byte{"HEVC": hevcWasm, "AV1": av1Wasm} {
		r, err := gzip.NewReader(bytes.NewReader(gz))
		if err != nil {
			t.Fatal(err)
		}
		module, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		out, err := metered(module)
		if err != nil || len(out) <= len(module) {
			t.Errorf("%s: %d bytes of %d, %v", name, len(out), len(module), err)
		}
		for _, n := range []int{0, 7, 9, 100, 5000, len(module) / 2, len(module) - 1} {
			if _, err := metered(module[:n]); err == nil {
				t.Errorf("%s: %d bytes of it are a module", name, n)
			}
		}
	}
}
