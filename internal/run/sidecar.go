package run

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"

	"github.com/mcllava/mcllava/internal/files"
	"github.com/mcllava/mcllava/internal/inputs"
	"github.com/mcllava/mcllava/internal/records"
)

// Sidecars say that the answers about each picture go to a file of the picture's own.
type Sidecars struct {
	Naming    records.Naming
	Overwrite bool // files that are there are replaced, and their pictures asked about again
}

// sidecars writes a file a picture, whole, once all questions about the picture have an answer. A picture that has its file is not asked
// about, so that a run which was stopped is gone on with by the same command.
type sidecars struct {
	Sidecars
	format  records.Format
	many    bool
	apart   bool              // the same picture may come again with other questions
	claimed map[string]string // of which image each file is
	folders map[string]folder // that hold files

	skipped atomic.Int64
	last    *inputs.Source // that was skipped; of the look ahead alone

	path   string
	text   bytes.Buffer
	writer *records.Writer
	failed bool
	lines  int
}

// folder is one that files are to be written to.
type folder struct {
	real string // without links
	err  error  // why none can be
}

func newSidecars(o Options, jobs bool) *sidecars {
	return &sidecars{
		Sidecars: *o.Output.Sidecars, format: o.Output.Format, many: o.Output.Many, apart: jobs,
		claimed: map[string]string{}, folders: map[string]folder{},
	}
}

// folder looks once at a folder, removes what killed runs left in it, and finds out whether files can be written there.
func (s *sidecars) folder(path string) folder {
	f, ok := s.folders[path]
	if !ok {
		var temporary *os.File
		if f.real, f.err = filepath.EvalSymlinks(path); f.err == nil {
			files.RemoveLeft(path, 0)
			if temporary, f.err = files.Temp(path, 0o600); f.err == nil {
				files.Discard(temporary)
			}
		}
		var file *fs.PathError
		if errors.As(f.err, &file) {
			f.err = fmt.Errorf("%s: %w", path, file.Err)
		}
		s.folders[path] = f
	}
	return f
}

// key is the same for all names of a place in a folder.
func (s *sidecars) key(path string) (string, error) {
	f := s.folder(filepath.Dir(path))
	return filepath.Join(f.real, filepath.Base(path)), f.err
}

// place is the path of an image's file.
func (s *sidecars) place(image string) (string, error) {
	if image == inputs.Stdin || strings.HasPrefix(image, "http://") || strings.HasPrefix(image, "https://") {
		return "", fmt.Errorf("a sidecar stands beside a picture's file, but %s is none", image)
	}
	return s.Naming.Of(image)
}

// check refuses an input two of whose pictures would have the same file, or one of which is the file of another, before anything is
// asked.
func (s *sidecars) check(pairs *inputs.Pairs) error {
	taken := map[string]string{}
	for _, list := range pairs.Lists() {
		if real, err := filepath.EvalSymlinks(list); err == nil {
			taken[real] = list
		}
	}
	var images []string
	seen := map[string]bool{}
	var last *inputs.Source
	for pair, err := range pairs.All() {
		if err != nil || pair.Image == "" || pair.Source == last {
			continue
		}
		last = pair.Source
		switch {
		case seen[pair.Image] && s.apart:
			return UsageError{fmt.Errorf("the lines about %s stand apart, expected them together for one sidecar", pair.Image)}
		case seen[pair.Image]:
			continue
		}
		seen[pair.Image] = true
		images = append(images, pair.Image)
		if real, err := filepath.EvalSymlinks(filepath.Dir(pair.Image)); err == nil {
			taken[filepath.Join(real, filepath.Base(pair.Image))] = pair.Image
		}
	}
	owners := map[string]string{}
	for _, image := range images {
		path, err := s.place(image)
		if err != nil {
			return UsageError{err}
		}
		real, err := filepath.EvalSymlinks(filepath.Dir(path))
		if err != nil {
			continue // the picture fails
		}
		key := filepath.Join(real, filepath.Base(path))
		if input, ok := taken[key]; ok {
			return UsageError{fmt.Errorf("%s: is an input, but would be the sidecar of %s", input, image)}
		}
		if owner, ok := owners[key]; ok && !samePlace(owner, image) {
			return UsageError{fmt.Errorf("%s: would be the sidecar of both %s and %s; {{base .Image}} has the ending too", path, owner, image)}
		}
		owners[key] = image
	}
	return nil
}

// samePlace says whether two names are of the same file.
func samePlace(a, b string) bool {
	one, errOne := os.Stat(a)
	two, errTwo := os.Stat(b)
	return a == b || errOne == nil && errTwo == nil && os.SameFile(one, two)
}

// wanted says whether a picture is to be asked about. It is called by the look ahead.
func (s *sidecars) wanted(source *inputs.Source, image string) bool {
	if s.Overwrite || image == "" {
		return true
	}
	path, err := s.place(image)
	if err != nil {
		return true // which fails
	}
	if _, err := os.Lstat(path); err != nil {
		return true
	}
	if s.last != source {
		s.last = source
		s.skipped.Add(1)
	}
	return false
}

// begin gets ready for the answers about a picture. Again is true of one that was asked the same before.
func (s *sidecars) begin(image string) (again bool, err error) {
	s.path, s.failed, s.lines = "", false, 0
	s.text.Reset()
	s.writer = records.New(&s.text, s.format, s.many)
	path, err := s.place(image)
	if err != nil {
		return false, err
	}
	key, err := s.key(path)
	if err != nil {
		return false, fmt.Errorf("its sidecar: %w", err)
	}
	owner, taken := s.claimed[key]
	switch {
	case taken && s.apart && samePlace(owner, image):
		return false, fmt.Errorf("%s: has been written, expected all lines about %s together", path, image)
	case taken && samePlace(owner, image):
		return true, nil
	case taken:
		return false, fmt.Errorf("%s: is the sidecar of %s already", path, owner)
	case samePlace(path, image):
		return false, fmt.Errorf("%s: would be its own sidecar", image)
	}
	if info, err := os.Lstat(path); err == nil && info.IsDir() {
		return false, fmt.Errorf("%s: is a folder, expected the place of a file", path)
	}
	s.claimed[key], s.path = image, path
	return false, nil
}

// Write keeps an answer until all about the picture are there.
func (s *sidecars) Write(r records.Record) error {
	if r.Failed() {
		s.failed = true
		return nil
	}
	s.lines++
	return s.writer.Write(r)
}

// end writes the file of a picture, unless a question about it has no answer.
func (s *sidecars) end() error {
	if s.path == "" || s.failed {
		return nil
	}
	return files.Replace(s.path, 0, func(w io.Writer) error {
		_, err := w.Write(s.text.Bytes())
		return err
	})
}

// finish ends a picture. One whose file cannot be written has failed; a full disk ends the run.
func (r *Run) finish(t task) error {
	if r.sidecars == nil {
		return nil
	}
	err := r.sidecars.end()
	switch {
	case err == nil:
		return nil
	case errors.Is(err, syscall.ENOSPC):
		return err
	}
	r.summary.Answered -= r.sidecars.lines
	r.summary.Failed += r.sidecars.lines
	return r.fail(t, nil, err)
}
