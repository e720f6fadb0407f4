package inputs

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/maruel/natural"
)

// extensions are those that a folder's pictures have.
var extensions = map[string]bool{
	".jpg": true, ".jpeg": true, ".jpe": true, ".png": true, ".gif": true, ".webp": true, ".bmp": true,
	".tif": true, ".tiff": true, ".heic": true, ".heif": true, ".avif": true,
}

// named are the images that arguments name. A folder or file that cannot be looked at is a source that fails.
func (o Options) named() iter.Seq2[*Source, error] {
	return func(yield func(*Source, error) bool) {
		for _, argument := range o.Images {
			for source, err := range o.argument(argument) {
				if !yield(source, err) {
					return
				}
			}
		}
	}
}

// argument is one file, a folder's pictures, or what a pattern matches, as if a shell had put it there.
func (o Options) argument(name string) iter.Seq2[*Source, error] {
	if name == Stdin {
		return one(stdin(o.Stdin, o.MaxBytes))
	}
	return o.path(name)
}

func (o Options) path(name string) iter.Seq2[*Source, error] {
	info, err := os.Stat(name)
	switch {
	case err == nil && info.IsDir():
		return o.folder(name)
	case err == nil || !errors.Is(err, fs.ErrNotExist) || !strings.ContainsAny(name, "*?["):
		return one(file(name, o.MaxBytes))
	}
	return o.pattern(name)
}

func one(s *Source) iter.Seq2[*Source, error] {
	return func(yield func(*Source, error) bool) { yield(s, nil) }
}

// pattern goes through what matches in natural order, without the hidden unless the pattern names them.
func (o Options) pattern(pattern string) iter.Seq2[*Source, error] {
	return func(yield func(*Source, error) bool) {
		if slices.Contains(strings.Split(filepath.ToSlash(pattern), "/"), "**") {
			yield(nil, fmt.Errorf("%s: patterns have no **, expected a folder to look through recursively", pattern))
			return
		}
		names, err := filepath.Glob(pattern)
		if err != nil {
			yield(nil, fmt.Errorf("%s: %w", pattern, err))
			return
		}
		names = slices.DeleteFunc(names, func(name string) bool { return hiddenFrom(pattern, name) })
		if len(names) == 0 {
			yield(nil, fmt.Errorf("%s: no file of that name, and as a pattern it matches none", pattern))
			return
		}
		slices.SortFunc(names, byName)
		for _, name := range names {
			for source, err := range o.path(name) {
				if !yield(source, err) {
					return
				}
			}
		}
	}
}

// folder goes through the pictures of a folder, told by their extensions, and is an error if there are none.
func (o Options) folder(path string) iter.Seq2[*Source, error] {
	return func(yield func(*Source, error) bool) {
		found := false
		for source := range o.below(path) {
			found = true
			if !yield(source, nil) {
				return
			}
		}
		switch {
		case found:
		case o.Recursive:
			yield(nil, fmt.Errorf("%s: no pictures in the folder or below it", path))
		default:
			yield(nil, fmt.Errorf("%s: no pictures in the folder (those below it are asked about only recursively)", path))
		}
	}
}

// below goes through a folder in natural order, if recursively then into each folder at its place. Links to folders are not
// followed, so that there is no circle.
func (o Options) below(path string) iter.Seq[*Source] {
	return func(yield func(*Source) bool) {
		entries, err := os.ReadDir(path)
		if err != nil {
			yield(&Source{Path: path, failed: err})
			return
		}
		slices.SortFunc(entries, func(a, b fs.DirEntry) int { return byName(a.Name(), b.Name()) })
		for _, e := range entries {
			inside := filepath.Join(path, e.Name())
			switch {
			case isHidden(e.Name()):
			case e.IsDir() && o.Recursive:
				for source := range o.below(inside) {
					if !yield(source) {
						return
					}
				}
			case (e.Type().IsRegular() || e.Type() == fs.ModeSymlink) && extensions[strings.ToLower(filepath.Ext(inside))]:
				if !yield(file(inside, o.MaxBytes)) {
					return
				}
			}
		}
	}
}

// hiddenFrom says whether a name has a hidden part where the pattern has none, as a shell decides it.
func hiddenFrom(pattern, name string) bool {
	for {
		if isHidden(filepath.Base(name)) && !isHidden(filepath.Base(pattern)) {
			return true
		}
		above := filepath.Dir(name)
		if above == name {
			return false
		}
		name, pattern = above, filepath.Dir(pattern)
	}
}

func isHidden(name string) bool { return strings.HasPrefix(name, ".") && name != "." && name != ".." }

// byName orders 2.jpg before 10.jpg.
func byName(a, b string) int { return cmp.Or(natural.Compare(a, b), strings.Compare(a, b)) }
