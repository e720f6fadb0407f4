package internal

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"
)

// TestArchitecture holds docs/architecture.md against the source: its code spans that look like a package, a Go file or a declared name
// are of one that exists, a file in the package that the text has named last; and its lines can be read without scrolling.
func TestArchitecture(t *testing.T) {
	const widest = 120
	text, err := os.ReadFile("../docs/architecture.md")
	if err != nil {
		t.Fatal(err)
	}
	names := declared(t)
	folder := ".."
	spans := regexp.MustCompile("`([^`]+)`")
	name := regexp.MustCompile(`^(?:[A-Za-z]\w*\.)?([A-Za-z]\w*)$`)
	checked := map[string]int{}
	for line := range strings.Lines(string(text)) {
		line = strings.TrimSuffix(line, "\n")
		if utf8.RuneCountInString(line) > widest && !strings.HasPrefix(line, "|") {
			t.Errorf("a line of more than %d characters: %s", widest, line)
		}
		for _, span := range spans.FindAllStringSubmatch(line, -1) {
			span := span[1]
			info, err := os.Stat(filepath.Join("..", span))
			isFolder := err == nil && info.IsDir()
			switch {
			case span == "mcllava":
				folder = ".."
			case isFolder:
				checked["package"]++
				folder = filepath.Join("..", span)
			case strings.HasPrefix(span, "internal/"):
				t.Errorf("%s is no folder", span)
			case strings.HasSuffix(span, ".go"):
				checked["file"]++
				if _, err := os.Stat(filepath.Join(folder, span)); err != nil {
					t.Errorf("%s is no file of %s", span, folder)
				}
			case name.MatchString(span) && strings.ToLower(span) != span && strings.ToUpper(span) != span:
				checked["name"]++
				if last := name.FindStringSubmatch(span)[1]; !names[last] {
					t.Errorf("%s is declared nowhere", span)
				}
			}
		}
	}
	for _, kind := range []string{"package", "file", "name"} {
		if least := 20; checked[kind] < least {
			t.Errorf("%d spans were taken for a %s, expected at least %d", checked[kind], kind, least)
		}
	}
}

// declared are the names of all functions, methods, types, variables and constants.
func declared(t *testing.T) map[string]bool {
	t.Helper()
	names := map[string]bool{}
	err := filepath.WalkDir("..", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || filepath.Ext(path) != ".go" {
			return err
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		for _, d := range file.Decls {
			switch d := d.(type) {
			case *ast.FuncDecl:
				names[d.Name.Name] = true
			case *ast.GenDecl:
				for _, s := range d.Specs {
					switch s := s.(type) {
					case *ast.TypeSpec:
						names[s.Name.Name] = true
					case *ast.ValueSpec:
						for _, n := range s.Names {
							names[n.Name] = true
						}
					}
				}
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return names
}
