package checkpoint

import (
	"encoding/binary"
	"flag"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/mcllava/mcllava/internal/safetensors"
)

func identityOf(t testing.TB, folder string) string {
	t.Helper()
	c, err := Open(folder)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	id, err := c.Identity()
	if err != nil || !strings.HasPrefix(id, identityVersion) {
		t.Fatal(id, err)
	}
	return id
}

// scale multiplies float32 values in place.
func scale(data []byte, by float32) {
	for ; len(data) >= 4; data = data[4:] {
		binary.LittleEndian.PutUint32(data, math.Float32bits(by*math.Float32frombits(binary.LittleEndian.Uint32(data))))
	}
}

// TestIdentityFollowsTheContent has checkpoints of equal headers.
func TestIdentityFollowsTheContent(t *testing.T) {
	folder := copyOf(t, mini)
	path := filepath.Join(folder, weightsFile)
	whole, first := read(t, path), identityOf(t, mini)
	n := 8 + binary.LittleEndian.Uint64(whole)
	scaled := append([]byte(nil), whole...)
	scale(scaled[n:], 0.7)
	write(t, path, scaled)
	if identityOf(t, folder) == first {
		t.Error("weights times 0.7 have the same identity")
	}
	c, err := Open(mini)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	for _, name := range c.tensors.Names() {
		one := append([]byte(nil), whole...)
		x, _ := c.tensors.Tensor(name)
		at := strings.Index(string(whole), string(x.Data))
		scale(one[at:at+len(x.Data)], 0.7)
		write(t, path, one)
		if identityOf(t, folder) == first {
			t.Errorf("%s times 0.7: the same identity", name)
		}
	}
	write(t, path, whole)
	for _, file := range []string{configFile, preprocessorFile, "tokenizer.json", "tokenizer_config.json"} {
		good := read(t, filepath.Join(folder, file))
		write(t, filepath.Join(folder, file), append([]byte("\n"), good...))
		if identityOf(t, folder) == first {
			t.Errorf("another %s: the same identity", file)
		}
		write(t, filepath.Join(folder, file), good)
	}
	if again := identityOf(t, folder); again != first {
		t.Errorf("%s, and then %s", first, again)
	}
}

func TestIdentityIsThatOfEveryCopy(t *testing.T) {
	const sharded = "../../testdata/mini-f16-sharded"
	first := identityOf(t, sharded)
	folder := copyOf(t, sharded)
	write(t, filepath.Join(folder, "README.md"), nil)
	if err := os.Chtimes(filepath.Join(folder, configFile), time.Time{}, time.Unix(1, 0)); err != nil {
		t.Fatal(err)
	}
	if got := identityOf(t, folder); got != first {
		t.Errorf("a copy has %s, want %s", got, first)
	}
	c, err := Open(sharded)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	var all []safetensors.Tensor
	for _, name := range c.tensors.Names() {
		x, _ := c.tensors.Tensor(name)
		all = append(all, x)
	}
	if err := safetensors.WriteFile(filepath.Join(folder, weightsFile), all, nil); err != nil {
		t.Fatal(err)
	}
	if got := identityOf(t, folder); got != first {
		t.Errorf("in one file %s, want %s", got, first)
	}
}

// TestIdentityOfConverted has a value changed that no sample has, which the checksums in the header tell.
func TestIdentityOfConverted(t *testing.T) {
	q8 := Precision{Form: "q8"}
	first := identityOf(t, converted(t, mini, q8))
	if again := identityOf(t, converted(t, mini, q8)); again != first {
		t.Errorf("converted again it has %s, want %s", again, first)
	}
	if other := identityOf(t, converted(t, mini, Precision{Form: "q4"})); other == first || first == identityOf(t, mini) {
		t.Error("one identity for two precisions")
	}
	folder := copyOf(t, mini)
	path := filepath.Join(folder, weightsFile)
	data := read(t, path)
	c, err := Open(mini)
	if err != nil {
		t.Fatal(err)
	}
	x, _ := c.tensors.Tensor("language_model.model.embed_tokens.weight")
	at := strings.Index(string(data), string(x.Data))
	c.Close()
	scale(data[at+sampleBytes+4:at+sampleBytes+8], 0.7)
	write(t, path, data)
	if identityOf(t, folder) != identityOf(t, mini) {
		t.Fatal("the value is in a sample, so that this test says nothing")
	}
	if identityOf(t, converted(t, folder, q8)) == first {
		t.Error("one value changed, converted: the same identity")
	}
}

var large = flag.String("checkpoint", "", "a checkpoint to time the identity of")

// BenchmarkIdentity has beside it the identity that older versions used, of headers and settings alone.
func BenchmarkIdentity(b *testing.B) {
	c, err := Open(*large)
	if err != nil {
		b.Fatal(err)
	}
	defer c.Close()
	for name, identity := range map[string]func() (string, error){"now": c.Identity, "former": c.LegacyIdentity} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				if _, err := identity(); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
