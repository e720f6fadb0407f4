package internal

import (
	"encoding/json"
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"io/fs"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/mcllava/mcllava"

// rooms are the packages from the ground up. Each imports those of lower floors alone. The root is "".
var rooms = [][]string{
	{"internal/fault", "internal/files", "internal/terminal", "internal/terminal/picture", "internal/overlay", "internal/machine", "internal/heif", "internal/demo", "internal/demo/draw", "internal/hub/hubtest", "internal/tiff", "internal/licenses", "internal/gaze", "internal/dataset"},
	{"internal/modelfile", "internal/tensor", "internal/hub", "crop", "internal/dataset/datasettest", "internal/score"},
	{"internal/safetensors", "internal/measured", "internal/cache", "internal/inputs", "tokenizer", "internal/demo/scenes"},
	{"internal/weights", "internal/reference"},
	{"internal/models", "encoder", "llm"},
	{"internal/checkpoint", "internal/estimate"},
	{"internal/bench", ""},
	{"internal/records"},
	{"internal/run", "internal/report"},
	{"internal/sweep"},
	{"internal/evaluation"},
	{"cmd"},
}

func floor(path string) int {
	room := strings.TrimPrefix(strings.TrimPrefix(path, module), "/")
	return slices.IndexFunc(rooms, func(floor []string) bool { return slices.Contains(floor, room) })
}

type listed struct {
	ImportPath, Name string
	Imports, Deps    []string
}

// packages is what go list says of the module's packages.
func packages(t *testing.T) map[string]listed {
	t.Helper()
	out, err := exec.Command("go", "list", "-json=ImportPath,Name,Imports,Deps", module+"/...").Output()
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]listed{}
	for d := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p listed
		if err := d.Decode(&p); errors.Is(err, io.EOF) {
			return all
		} else if err != nil {
			t.Fatal(err)
		}
		if p.Name != "main" && len(p.Deps) > 0 {
			all[p.ImportPath] = p
		}
	}
}

func TestImportsRunDown(t *testing.T) {
	all := packages(t)
	for path, p := range all {
		if floor(path) < 0 {
			t.Errorf("%s is on no floor; give it one in rooms", path)
		}
		for _, other := range p.Imports {
			if strings.HasPrefix(other, module) && floor(other) >= floor(path) {
				t.Errorf("%s imports %s, which is not below it", path, other)
			}
		}
	}
	for _, floor := range rooms {
		for _, room := range floor {
			if _, ok := all[strings.TrimSuffix(module+"/"+room, "/")]; !ok {
				t.Errorf("rooms has %q, which is no package with imports", room)
			}
		}
	}
}

// TestWhatRoomsMustNotKnow states, of some packages and all that they import, what must not be among it.
func TestWhatRoomsMustNotKnow(t *testing.T) {
	terminal := []string{"github.com/spf13", "github.com/schollz/progressbar", "github.com/rogpeppe"}
	model := []string{module + "/encoder", module + "/llm", module + "/tokenizer", module + "/internal/tensor", module + "/internal/weights", module + "/internal/checkpoint"}
	all := packages(t)
	under := func(path string, roots []string) bool {
		return slices.ContainsFunc(roots, func(root string) bool { return path == root || strings.HasPrefix(path, root+"/") })
	}
	refuse := func(room string, paths, roots []string) {
		for _, path := range paths {
			if under(path, roots) {
				t.Errorf("%s knows %s", room, path)
			}
		}
	}
	for path, p := range all {
		if path != module+"/cmd" {
			refuse(path, p.Deps, terminal)
			refuse(path, p.Imports, []string{"flag"})
		}
	}
	refuse("crop", all[module+"/crop"].Deps, model)
	refuse("tokenizer", all[module+"/tokenizer"].Deps, []string{module + "/internal/tensor", module + "/internal/weights", "gonum.org"})
	for _, room := range []string{"encoder", "llm"} {
		refuse(room, all[module+"/"+room].Imports, []string{"os", "io/fs", "path", module + "/internal/files", module + "/internal/safetensors"})
	}
	for _, path := range all[module+"/internal/tensor"].Deps {
		first, _, _ := strings.Cut(path, "/")
		if strings.Contains(first, ".") && !under(path, []string{"gonum.org/v1/gonum", "golang.org/x/sys", module + "/internal/fault"}) {
			t.Errorf("internal/tensor imports %s, expected the standard library, gonum and x/sys", path)
		}
	}
}

// TestOnlyCommandsPrint finds what writes to the terminal outside cmd and the programs.
func TestOnlyCommandsPrint(t *testing.T) {
	const bad = "package p\nimport (\"fmt\"; \"os\")\nfunc f() { fmt.Println(); fmt.Fprintln(os.Stderr); println() }\n"
	if n := len(prints(t, "bad.go", bad)); n != 3 {
		t.Fatalf("%d places of three are found", n)
	}
	files := 0
	err := filepath.WalkDir("..", func(path string, d fs.DirEntry, err error) error {
		switch name := d.Name(); {
		case err != nil:
			return err
		case d.IsDir() && len(path) > 2 && (strings.HasPrefix(name, ".") || strings.HasPrefix(name, "_") || name == "testdata" || path == filepath.Join("..", "cmd")):
			return filepath.SkipDir
		case filepath.Ext(name) != ".go" || strings.HasSuffix(name, "_test.go"):
			return nil
		}
		files++
		for _, place := range prints(t, path, nil) {
			t.Errorf("%v writes to the terminal", place)
		}
		return nil
	})
	if err != nil || files < 100 {
		t.Errorf("%d files, %v", files, err)
	}
}

// prints is where a file, unless it is of a program, names what writes to the terminal. source is as for parser.ParseFile.
func prints(t *testing.T, path string, source any) (places []token.Position) {
	t.Helper()
	all := token.NewFileSet()
	file, err := parser.ParseFile(all, path, source, parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	if file.Name.Name == "main" {
		return nil
	}
	printers := []string{"fmt.Print", "fmt.Printf", "fmt.Println", "os.Stdout", "os.Stderr"}
	ast.Inspect(file, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.SelectorExpr:
			if x, ok := n.X.(*ast.Ident); ok && (slices.Contains(printers, x.Name+"."+n.Sel.Name) || x.Name == "log") {
				places = append(places, all.Position(n.Pos()))
			}
		case *ast.CallExpr:
			if x, ok := n.Fun.(*ast.Ident); ok && (x.Name == "print" || x.Name == "println") {
				places = append(places, all.Position(n.Pos()))
			}
		}
		return true
	})
	return places
}
