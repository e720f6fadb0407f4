// Command collect writes the notices of all that is linked into mcllava on some system: those of its own, of Go, of every module and
// of the files embedded in them.
package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"log"
	"maps"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

func main() {
	log.SetFlags(0)
	output := flag.String("o", "", "`FILE` to write")
	flag.Parse()
	text, err := collect(program)
	if err == nil {
		err = os.WriteFile(*output, []byte(text), 0o644)
	}
	if err != nil {
		log.Fatal(err)
	}
}

const (
	program = "github.com/mcllava/mcllava/cmd/mcllava"
	own     = "mcllava" // the part that is neither Go's nor of a library
)

// systems are those that releases are made for. On different processors of a system the same modules are linked.
var systems = []string{"linux", "darwin", "windows"}

// listedPackage is what go list says of a package.
type listedPackage struct {
	Dir, ImportPath string
	Standard        bool
	EmbedFiles      []string
	Module          *struct {
		Path, Version, Dir string
		Main               bool
	}
}

// packages are those that a program links in on a system.
func packages(program, system string) (all []listedPackage, err error) {
	c := exec.Command("go", "list", "-deps", "-json=Dir,ImportPath,Standard,EmbedFiles,Module", program)
	c.Env = append(os.Environ(), "GOOS="+system, "GOARCH=amd64", "CGO_ENABLED=0", "GOFLAGS=")
	c.Stderr = os.Stderr
	out, err := c.Output()
	if err != nil {
		return nil, fmt.Errorf("go list: %w", err)
	}
	for d := json.NewDecoder(bytes.NewReader(out)); ; {
		var p listedPackage
		switch err := d.Decode(&p); {
		case errors.Is(err, io.EOF):
			return all, nil
		case err != nil:
			return nil, err
		}
		all = append(all, p)
	}
}

// isNotice matches the names of files and folders with notices.
var isNotice = regexp.MustCompile(`(?i)licen[cs]e|^(notice|copying|patents|copyright)`)

// collect returns the notices of a program.
func collect(program string) (string, error) {
	folders := map[string]map[string]bool{} // of each part, those with what is linked in
	roots := map[string]string{}
	goRoot, err := exec.Command("go", "env", "GOROOT").Output()
	if err != nil {
		return "", fmt.Errorf("go env: %w", err)
	}
	for _, system := range systems {
		all, err := packages(program, system)
		if err != nil {
			return "", err
		}
		for _, p := range all {
			part, root := "the Go standard library", ""
			switch {
			case p.Standard:
				root = strings.TrimSpace(string(goRoot))
				p.Dir, p.EmbedFiles = root, nil
			case p.Module.Main:
				part, root = own, p.Module.Dir
			default:
				part, root = p.Module.Path+" "+p.Module.Version, p.Module.Dir
			}
			roots[part] = root
			if folders[part] == nil {
				folders[part] = map[string]bool{}
			}
			folders[part][p.Dir] = true
			for _, file := range p.EmbedFiles {
				folders[part][filepath.Join(p.Dir, filepath.FromSlash(path.Dir(file)))] = true
			}
		}
	}
	return write(folders, roots)
}

// write lists the parts, and gives each text once.
func write(folders map[string]map[string]bool, roots map[string]string) (string, error) {
	parts := slices.DeleteFunc(slices.Sorted(maps.Keys(folders)), func(part string) bool { return part == own })
	parts = append([]string{own}, parts...)
	var texts []string
	of := map[string][]string{} // which files have a text
	for _, part := range parts {
		files, err := notices(roots[part], folders[part])
		if err != nil {
			return "", err
		}
		if len(files) == 0 {
			return "", fmt.Errorf("%s has no licence in %s", part, roots[part])
		}
		for _, file := range files {
			data, err := os.ReadFile(filepath.Join(roots[part], filepath.FromSlash(file)))
			if err != nil {
				return "", err
			}
			text := strings.Trim(strings.ReplaceAll(string(data), "\r\n", "\n"), "\n")
			if of[text] == nil {
				texts = append(texts, text)
			}
			of[text] = append(of[text], part+": "+file)
		}
	}
	var b strings.Builder
	b.WriteString(`mcllava is made of these parts. Each is under its own terms, which follow.

Its decoders of HEIC and AVIF are WebAssembly: libheif and libde265, under the LGPL 3, and libavif, libaom and libyuv.
How they are replaced by versions of your own is said in internal/heif/wasm/README.md of the source.

`)
	for _, part := range parts {
		fmt.Fprintf(&b, "  %s\n", part)
	}
	for _, text := range texts {
		fmt.Fprintf(&b, "\n%s\n%s\n%s\n\n%s\n", strings.Repeat("=", 80), strings.Join(of[text], "\n"), strings.Repeat("=", 80), text)
	}
	return b.String(), nil
}

// notices are the files with notices in folders below root, and in those above them.
func notices(root string, folders map[string]bool) ([]string, error) {
	seen := map[string]bool{}
	files := map[string]bool{}
	for folder := range folders {
		for ; !seen[folder]; folder = filepath.Dir(folder) {
			seen[folder] = true
			entries, err := os.ReadDir(folder)
			if err != nil {
				return nil, err
			}
			for _, e := range entries {
				if !isNotice.MatchString(e.Name()) || isCode(filepath.Join(folder, e.Name())) {
					continue
				}
				err := filepath.WalkDir(filepath.Join(folder, e.Name()), func(path string, d fs.DirEntry, err error) error {
					if err != nil || d.IsDir() || isCode(path) {
						return err
					}
					name, err := filepath.Rel(root, path)
					files[filepath.ToSlash(name)] = true
					return err
				})
				if err != nil {
					return nil, err
				}
			}
			if folder == root {
				break
			}
		}
	}
	return slices.Sorted(maps.Keys(files)), nil
}

// isCode says whether a file is part of a program that has licences for its subject, or a folder of such files.
func isCode(name string) bool {
	code, _ := filepath.Glob(filepath.Join(name, "*.go"))
	return strings.HasSuffix(name, ".go") || len(code) > 0
}
