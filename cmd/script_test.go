package cmd

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
	"golang.org/x/sys/cpu"

	"github.com/mcllava/mcllava/internal/hub/hubtest"
)

// raceSettings is the variable of the race detector, which by default lets every program wait for a second before it ends.
const raceSettings = "GORACE"

func TestMain(m *testing.M) {
	if os.Getenv(raceSettings) == "" {
		_ = os.Setenv(raceSettings, "atexit_sleep_ms=0")
	}
	testscript.Main(building{m}, map[string]func(){
		"mcllava": func() { os.Exit(Main(os.Args[1:], System())) },
		"exiting": exiting,
		"awaits":  awaits,
		"scales":  scales,
	})
}

// inShort is the scripts of a short run, which go through all that runs at the same time.
var inShort = []string{"testdata/lists.txtar", "testdata/pipes.txtar", "testdata/questions.txtar"}

// TestScripts runs every script of testdata: what a user types, and what stands on standard output and standard error.
func TestScripts(t *testing.T) {
	root, err := filepath.Abs("..")
	if err != nil {
		t.Fatal(err)
	}
	hub, err := hubtest.New("owner/tiny", os.DirFS(filepath.Join(root, "testdata", "mini-f16-sharded")))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(hub.Close)
	small := smallStreets(t, 12)
	folder, files := "testdata", []string(nil)
	if testing.Short() {
		folder, files = "", inShort
	}
	testscript.Run(t, testscript.Params{
		Dir:   folder,
		Files: files,
		Cmds:  map[string]func(*testscript.TestScript, bool, []string){"exits": exits, "fields": fields},
		Condition: func(name string) (bool, error) {
			switch name {
			case "parallel":
				version, _ := exec.Command("parallel", "--version").Output()
				return bytes.HasPrefix(version, []byte("GNU parallel")), nil
			case "avx2":
				return cpu.X86.HasAVX2 && cpu.X86.HasFMA, nil
			}
			return false, fmt.Errorf("%s is no condition", name)
		},
		Setup: func(e *testscript.Env) error {
			e.Setenv(raceSettings, os.Getenv(raceSettings))
			e.Setenv("MCLLAVA_MAX_CROPS", "4") // to be quick; a script about the default sets it to nothing
			e.Setenv("MCLLAVA_THREADS", "1")   // since scripts run side by side
			e.Setenv("PICTURES", filepath.Join(root, "testdata", "images"))
			e.Setenv("PHOTOS", filepath.Join(root, "testdata", "photos"))
			e.Setenv("STREET", filepath.Join(root, "testdata", "street.png"))
			e.Setenv("STREETS", small)
			e.Setenv("CASES", filepath.Join(root, "testdata", "cases"))
			e.Setenv("MINI", filepath.Join(root, "testdata", "mini"))
			e.Setenv("SHARDED", filepath.Join(root, "testdata", "mini-f16-sharded"))
			e.Setenv("XDG_CONFIG_HOME", filepath.Join(e.WorkDir, "config"))
			e.Setenv("XDG_CACHE_HOME", filepath.Join(e.WorkDir, "cache"))
			e.Setenv("HF_ENDPOINT", hub.Endpoint())
			e.Setenv("HF_HOME", filepath.Join(e.WorkDir, "huggingface"))
			return nil
		},
	})
}
