package inputs

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"github.com/maruel/natural"

	"github.com/mcllava/mcllava/crop"
)

// extensions are those that pictures have. A file that has one and is no picture fails, and is not passed over.
var extensions = map[string]bool{
	".jpg": true, ".jpeg": true, ".jpe": true, ".png": true, ".gif": true, ".webp": true, ".bmp": true,
	".tif": true, ".tiff": true, ".heic": true, ".heif": true, ".avif": true,
}

// PassedOver is how many files that are no pictures a folder has, with those below it if that is looked through.
type PassedOver struct {
	Folder string
	Files  int
}

// passedOver counts by folder.
type passedOver struct {
	lock    sync.Mutex
	folders []PassedOver
}

func (p *passedOver) add(folder string) {
	if p == nil {
		return
	}
	p.lock.Lock()
	defer p.lock.Unlock()
	if last := len(p.folders) - 1; last >= 0 && p.folders[last].Folder == folder {
		p.folders[last].Files++
		return
	}
	p.folders = append(p.folders, PassedOver{folder, 1})
}

func (p *passedOver) set(folders []PassedOver) {
	p.lock.Lock()
	defer p.lock.Unlock()
	p.folders = folders
}

func (p *passedOver) list() []PassedOver {
	p.lock.Lock()
	defer p.lock.Unlock()
	return slices.Clone(p.folders)
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
	if IsURL(name) {
		return one(o.file(name))
	}
	info, err := os.Stat(name)
	switch {
	case err == nil && info.IsDir():
		return o.folder(name)
	case err == nil || !errors.Is(err, fs.ErrNotExist) || !strings.ContainsAny(name, "*?["):
		return one(o.file(name))
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
			yield(nil, fmt.Errorf("%s: no file of that name, and no pattern: a [ has no ]", pattern))
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

// folder goes through the pictures of a folder, told by their content, and is an error if there are none.
func (o Options) folder(path string) iter.Seq2[*Source, error] {
	return func(yield func(*Source, error) bool) {
		found := false
		for source := range o.below(path, path, nil) {
			found = true
			if !yield(source, nil) || o.firstOnly {
				return
			}
		}
		switch {
		case found:
		case o.Recursive:
			yield(nil, fmt.Errorf("%s: no pictures in the folder or below it", path))
		case o.hasBelow(path):
			yield(nil, fmt.Errorf("%s: no pictures in the folder, but below it: they are asked about with -r (--recursive)", path))
		default:
			yield(nil, fmt.Errorf("%s: no pictures in the folder", path))
		}
	}
}

// hasBelow says whether there is a picture in a folder or below it.
func (o Options) hasBelow(path string) bool {
	o.Recursive, o.passed = true, nil
	for source := range o.below(path, path, nil) {
		if source.failed == nil {
			return true
		}
	}
	return false
}

// below goes through a folder in natural order, if recursively then into each folder at its place, also where a link leads to one,
// unless that is among the folders above, so that there is no circle. Top is the folder that was named.
func (o Options) below(path, top string, above []fs.FileInfo) iter.Seq[*Source] {
	return func(yield func(*Source) bool) {
		itself, err := os.Stat(path)
		if err == nil && slices.ContainsFunc(above, func(a fs.FileInfo) bool { return os.SameFile(a, itself) }) {
			return
		}
		entries, err := os.ReadDir(path)
		if err != nil {
			yield(&Source{Path: path, failed: err})
			return
		}
		inner := append(slices.Clip(above), itself)
		slices.SortFunc(entries, func(a, b fs.DirEntry) int { return byName(a.Name(), b.Name()) })
		for _, e := range entries {
			inside := filepath.Join(path, e.Name())
			if isHidden(e.Name()) || o.Context != nil && o.Context.Err() != nil {
				continue
			}
			kind, there := e.Type(), true
			if kind == fs.ModeSymlink {
				info, err := os.Stat(inside)
				if there = err == nil; there {
					kind = info.Mode().Type()
				}
			}
			switch {
			case there && kind.IsDir():
				if !o.Recursive {
					continue
				}
				for source := range o.below(inside, top, inner) {
					if !yield(source) {
						return
					}
				}
			case there && !kind.IsRegular():
			case isPicture(inside):
				if !yield(o.file(inside)) {
					return
				}
			default:
				o.passed.add(top)
			}
		}
	}
}

// isPicture tells a file by its first bytes, or by its extension if it has none that can be read.
func isPicture(path string) bool {
	const enough = 64
	first := make([]byte, enough)
	n := 0
	if f, err := os.Open(path); err == nil {
		n, _ = io.ReadFull(f, first)
		_ = f.Close()
	}
	return extensions[strings.ToLower(filepath.Ext(path))] || crop.IsPicture(first[:n])
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
