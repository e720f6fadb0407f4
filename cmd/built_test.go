package cmd

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
)

// builtIn is the folder of the program that all tests share.
var builtIn string

// building runs the tests, and removes the program that they have built.
type building struct{ *testing.M }

func (b building) Run() int {
	var err error
	if builtIn, err = os.MkdirTemp("", "mcllava-built-"); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer func() { _ = os.RemoveAll(builtIn) }()
	return b.M.Run()
}

var buildOnce = sync.OnceValues(func() (string, error) {
	path := filepath.Join(builtIn, "mcllava")
	if message, err := exec.Command("go", "build", "-buildvcs=false", "-ldflags=-s -w", "-o", path, "./mcllava").CombinedOutput(); err != nil {
		return "", fmt.Errorf("%w: %s", err, message)
	}
	return path, nil
})

// builtProgram is the path of the program as users have it: without what go test adds to a binary. It is built once for all tests.
func builtProgram(t *testing.T) string {
	t.Helper()
	path, err := buildOnce()
	if err != nil {
		t.Fatal(err)
	}
	return path
}
