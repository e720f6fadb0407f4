package measured

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/mcllava/mcllava/internal/tensor"
)

// asked has the test binary be a process that chooses its kernels and says which.
const asked = "MCLLAVA_TEST_CHOOSE"

func TestMain(m *testing.M) {
	if os.Getenv(asked) == "" {
		os.Exit(m.Run())
	}
	if err := Kernels(); err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	first := tensor.Kernels()
	tensor.NewPool(1).Close()
	if err := Kernels(); err != nil || tensor.Kernels() != first || tensor.Undecided() {
		fmt.Println("chosen twice:", first, tensor.Kernels(), err)
		os.Exit(1)
	}
	measured, _ := json.Marshal(tensor.Measurements())
	fmt.Printf("%s\n%s", first, measured)
}

// process runs one, and returns its kernels and what they were chosen by.
func process(t *testing.T, cache, pinned string) (kernels string, all []tensor.Measured) {
	t.Helper()
	c := exec.Command(os.Args[0])
	c.Env = append(os.Environ(), asked+"=1", "XDG_CACHE_HOME="+cache, "HOME="+cache, "LocalAppData="+cache, tensor.TierVariable+"="+pinned)
	out, err := c.CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	name, text, _ := strings.Cut(string(out), "\n")
	if err := json.Unmarshal([]byte(text), &all); err != nil {
		t.Fatalf("%s: %v", out, err)
	}
	return name, all
}

func kernelsFile(t *testing.T, cache string) string {
	t.Helper()
	var found string
	_ = filepath.WalkDir(cache, func(path string, _ os.DirEntry, _ error) error {
		if filepath.Base(path) == "kernels.json" {
			found = path
		}
		return nil
	})
	return found
}

func TestKernelsAreMeasuredOnce(t *testing.T) {
	cache := t.TempDir()
	kernels, all := process(t, cache, "")
	file := kernelsFile(t, cache)
	if len(all) == 0 {
		if file != "" {
			t.Fatalf("nothing to choose for %s, and %s is kept", kernels, file)
		}
		t.Skipf("nothing to choose for %s", kernels)
	}
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	again, same := process(t, cache, "")
	after, err := os.ReadFile(file)
	if err != nil || again != kernels || string(after) != string(text) || same[0].Ways[0].Rate != all[0].Ways[0].Rate {
		t.Errorf("the second time %s by %+v, at first %s by %+v; %v", again, same, kernels, all, err)
	}

	// A machine where another way was clearly faster.
	var kept map[string][]tensor.Measured
	if err := json.Unmarshal(text, &kept); err != nil || len(kept) != 1 {
		t.Fatalf("%s: %v", text, err)
	}
	for key, all := range kept {
		m := &all[len(all)-1]
		m.Ways[0].Rate, m.Ways[1].Rate, m.Used = 1e9, 2e9, m.Ways[1].Name
		write(t, file, map[string][]tensor.Measured{key: all})
		want := "," + m.Choice + "=" + m.Used
		if got, _ := process(t, cache, ""); !strings.Contains(got, want) {
			t.Errorf("kernels %s, want %s", got, want)
		}
		tier, _, _ := strings.Cut(kernels, ",")
		if got, by := process(t, cache, tier); got != tier || by != nil {
			t.Errorf("pinned to %s: %s by %+v", tier, got, by)
		}
		if got, _ := process(t, cache, tier+want); got != tier+want {
			t.Errorf("pinned to %s: %s", tier+want, got)
		}

		// The same folder on another machine.
		write(t, file, map[string][]tensor.Measured{"another CPU": all})
		if _, by := process(t, cache, ""); by[len(by)-1].Ways[0].Rate == 1e9 {
			t.Errorf("the speeds of another CPU are taken: %+v", by)
		}
		var both map[string][]tensor.Measured
		text, err := os.ReadFile(file)
		if err == nil {
			err = json.Unmarshal(text, &both)
		}
		if err != nil || len(both) != 2 || both["another CPU"] == nil {
			t.Errorf("kept of both machines: %s, %v", text, err)
		}
	}
}

func write(t *testing.T, path string, all map[string][]tensor.Measured) {
	t.Helper()
	text, err := json.Marshal(all)
	if err == nil {
		err = os.WriteFile(path, text, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
}

func TestKernelsWithoutARoomForThem(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if kernels, _ := process(t, file, ""); kernels == "" {
		t.Error("no kernels")
	}
}

func TestDamagedKernels(t *testing.T) {
	cache := t.TempDir()
	if _, all := process(t, cache, ""); len(all) == 0 {
		t.Skip("nothing to choose")
	}
	file := kernelsFile(t, cache)
	for _, text := range []string{"", "{", "[1]", `{"x": 3}`} {
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		_, all := process(t, cache, "")
		if got := kernelsIn(t, file); len(all) == 0 || len(got) == 0 {
			t.Errorf("after %q: %+v, kept %+v", text, all, got)
		}
	}
}

func kernelsIn(t *testing.T, file string) map[string][]tensor.Measured {
	t.Helper()
	return Kept[[]tensor.Measured]{file}.All()
}
