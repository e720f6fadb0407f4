package records

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"unicode/utf8"

	"github.com/mcllava/mcllava/internal/files"
)

// CreateOptions say how an output file is begun.
type CreateOptions struct {
	Resume    bool       // go on with what the file holds
	Overwrite bool       // throw away what it holds, once there is an answer in its place
	Many      bool       // as for New
	Settings  []Settings // each answer is of one of them
	Sweep     bool       // every pair is answered with all Settings, of which each has a record
}

// sweep is the SweepID of the settings, if they are a sweep's.
func (o CreateOptions) sweep() string {
	if !o.Sweep {
		return ""
	}
	return SweepID(o.Settings)
}

// File is an output file that this process alone writes. It is not for several goroutines at once.
type File struct {
	path   string // as the user calls it
	real   string // without links
	file   *os.File
	format Format
	many   bool

	settings []Settings
	sweep    string // SweepID of the settings; "" for none
	regular  bool
	end      int64 // of the last whole record
	failed   error // after which nothing is written

	old     bool   // the file still has what is to be overwritten
	pending []byte // what comes before the first answer

	found Found
	done  numbers[pairID] // answers that are of no pair yet that Done was asked about
	of    int             // pairs of the input as the file's records say, or -1 where they differ
	now   int             // pairs of the input
	moved numbers[was]    // numbers that the input gives to pairs of the file
}

// was is a pair of the file under the number that the file has.
type was struct {
	id pairID
	n  uint32
}

// Found is what a file held that is resumed.
type Found struct {
	Answered int  // records that stay
	Failed   int  // records that are dropped, for their pairs to be asked again
	Torn     bool // whether a last record was cut off, and is dropped too
}

// Create begins an output file, or goes on with one. The file is locked until Close: a second process is refused. One that
// is not empty is refused unless it is to be resumed or overwritten.
//
// A resumed file must be in the format and its answers of the settings that are asked for; if not, it stays as it is. Then a
// record that was cut off is dropped, and so are failed ones, for which the file is replaced at once. With Done the caller
// finds out which pairs are left. What is no regular file, such as a pipe, is neither locked nor resumed; a pipe that nobody reads is
// waited for until ctx is done.
//
// An overwritten file keeps its content until the first answer, or until [File.Begin], so that a run that gets nowhere loses
// nothing. It is then cut to nothing and written in place, and not replaced by another file: whoever is killed leaves either all that
// was there or the beginning of the new output, which can be resumed, and the lock is on the one file all the time.
func Create(ctx context.Context, path string, f Format, o CreateOptions) (*File, error) {
	if o.Resume {
		if err := f.CheckResume(); err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
	}
	if o.Resume && o.Overwrite {
		return nil, fmt.Errorf("%s: is to be both resumed and overwritten, expected one", path)
	}
	real := path
	if target, err := filepath.EvalSymlinks(path); err == nil {
		real = target
	}
	file, err := open(ctx, real)
	if err != nil {
		return nil, err
	}
	files.RemoveLeft(filepath.Dir(real), 0)
	r := &File{path: path, real: real, file: file, format: f, many: o.Many, settings: slices.Clone(o.Settings), sweep: o.sweep()}
	if err := r.begin(o); err != nil {
		_ = r.file.Close()
		return nil, err
	}
	return r, nil
}

func open(ctx context.Context, path string) (*os.File, error) {
	if files.IsSpecial(path) {
		return files.OpenSpecial(ctx, path)
	}
	return files.OpenLocked(path)
}

func (f *File) begin(o CreateOptions) error {
	info, err := f.file.Stat()
	if err != nil {
		return err
	}
	f.regular = info.Mode().IsRegular()
	switch {
	case !f.regular && o.Resume:
		return fmt.Errorf("%s: %w", f.path, errNothingToResume)
	case !f.regular || info.Size() == 0:
	case o.Resume:
		if err := f.resume(); err != nil {
			return fmt.Errorf("%s: %w", f.path, reason(err))
		}
	case o.Overwrite:
		f.old = true
	default:
		return f.refuseContent()
	}
	if f.end == 0 {
		return f.append(f.format.header())
	}
	return nil
}

// Peek finds out what Create would, and leaves the file as it is: Done says which pairs it answers. Nothing can be written. A file that
// is not there answers none.
func Peek(path string, format Format, o CreateOptions) (*File, error) {
	f := &File{path: path, real: path, format: format, many: o.Many, settings: slices.Clone(o.Settings), sweep: o.sweep(), failed: errPeeked}
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist) || err == nil && !o.Resume && (o.Overwrite || !info.Mode().IsRegular() || info.Size() == 0):
		f.file, err = os.Open(os.DevNull)
		return f, err
	case err != nil:
		return nil, err
	case !o.Resume:
		return nil, f.refuseContent()
	case !info.Mode().IsRegular():
		return nil, fmt.Errorf("%s: %w", path, errNothingToResume)
	}
	if f.file, err = os.Open(path); err != nil {
		return nil, err
	}
	if _, _, err := f.scan(); err != nil {
		_ = f.file.Close()
		return nil, fmt.Errorf("%s: %w", path, reason(err))
	}
	return f, nil
}

var (
	errPeeked          = errors.New("the output is not open for writing")
	errNothingToResume = errors.New("is no regular file, so that there is nothing to resume")
)

// refuseContent is the error of a file that has something, and is neither resumed nor overwritten.
func (f *File) refuseContent() error {
	remedy := "--overwrite replaces it"
	if f.format.CheckResume() == nil {
		remedy = "--resume continues it, " + remedy
	}
	return errNotEmpty(f.path, remedy)
}

// resume reads the file, and leaves of it the answers.
func (f *File) resume() error {
	failed, unended, err := f.scan()
	if err != nil {
		return err
	}
	if len(failed) > 0 {
		if err := f.replace(func(w io.Writer) error { return f.without(w, failed) }); err != nil {
			return err
		}
	} else if f.found.Torn {
		if err := f.file.Truncate(f.end); err != nil {
			return err
		}
	}
	if _, err := f.file.Seek(f.end, io.SeekStart); err != nil || !unended {
		return err
	}
	return f.append([]byte("\n"))
}

// scan notes the answers of the file, and where its failed records are. Unended is true if the last answer has no end of line.
func (f *File) scan() (failed []stretch, unended bool, err error) {
	line, err := firstLine(f.file)
	if err == nil && line != nil {
		err = f.format.adopt(line)
	}
	if err != nil {
		return nil, false, err
	}
	first := true
	for r, err := range f.format.scan(f.file) {
		if err != nil {
			return nil, false, err
		}
		if r.torn {
			if first && !f.format.beginning(r.text) {
				return nil, false, fmt.Errorf("is no output in the format %s", f.format)
			}
			if f.format.name == csvName && strayQuote(r.text, f.format.whole) {
				return nil, false, fmt.Errorf("line %d %w", r.line, errOpenQuote)
			}
			if !f.format.entire(r.text) {
				f.found.Torn = true
				break
			}
			unended = true
		}
		f.end = r.at.end
		if first {
			first = false
			if f.format.name == csvName {
				continue
			}
		}
		record, err := f.format.parse(r.text)
		switch {
		case err != nil:
			return nil, false, fmt.Errorf("line %d %w", r.line, err)
		case record.Failed():
			f.found.Failed++
			unended = false
			failed = append(failed, r.at)
			continue
		case record.Key == "" || record.Run == "":
			return nil, false, fmt.Errorf("line %d has no key or no run, which every output has that can be resumed", r.line)
		}
		if err := f.agree(record); err != nil {
			return nil, false, fmt.Errorf("line %d %w", r.line, err)
		}
		if f.found.Answered++; f.found.Answered == 1 {
			f.of = record.Of
		} else if f.of != record.Of {
			f.of = -1
		}
		f.done.add(idOf(record), uint32(record.N))
	}
	return failed, unended, nil
}

// agree refuses the record of an answer that is of none of the file's settings. Where it is of one as the first version called the
// checkpoint, so will be the answers to come.
func (f *File) agree(r Record) error {
	for i, s := range f.settings {
		if r.Sweep != f.sweep {
			break
		}
		if s.ID() == r.Run || f.sweep != "" {
			return nil
		}
		if old := s.former(); s.Former != "" && old.ID() == r.Run && f.found.Answered == 0 {
			f.settings[i] = old
			return nil
		}
	}
	if len(f.settings) == 0 {
		return errors.New("was answered, and this run has no settings")
	}
	want, s := Record{}, f.settings[0]
	if r.Checkpoint == s.Former {
		s = s.former()
	}
	s.Stamp(&want)
	want.Schema, want.Sweep = Schema, f.sweep
	if other := otherSweep(r, want); other != "" {
		return errors.New("was answered " + other)
	}
	return errors.New("was answered " + difference(r, want))
}

// Settings are those of the file's answers: those that it was created with, but that an output of the first version is gone on with
// under the name that it has for the checkpoint.
func (f *File) Settings() []Settings { return f.settings }

// without writes the file's whole records but for some.
func (f *File) without(w io.Writer, drop []stretch) error {
	var at int64
	for _, s := range append(drop, stretch{f.end, f.end}) {
		if _, err := io.Copy(w, io.NewSectionReader(f.file, at, s.begin-at)); err != nil {
			return err
		}
		at = s.end
	}
	return nil
}

// replace puts what write writes in the place of the file, which after an error is as it was.
func (f *File) replace(write func(io.Writer) error) error {
	info, err := f.file.Stat()
	if err != nil {
		return err
	}
	written, err := files.Write(f.real, info.Mode().Perm(), write)
	if err != nil {
		return err
	}
	file, err := files.PlaceLocked(written, f.file, f.real)
	if err != nil {
		return err
	}
	f.file = file
	f.end, err = file.Seek(0, io.SeekEnd)
	return err
}

// Found is what the file held when it was resumed.
func (f *File) Found() Found { return f.found }

// Done says whether the file holds the answer of a pair, of which it looks at ID, Image, Key, N and Of: for each pair of the
// input it is to be called once, in the order of the input. If the input has a pair twice, the second is done if the file has
// two of it. An answer counts whatever its number is, since the input may have grown in between.
func (f *File) Done(pair Record) bool {
	f.now = pair.Of
	id := idOf(pair)
	n, ok := f.done.take(id, uint32(pair.N))
	if !ok && !utf8.ValidString(pair.Image) { // as the first version wrote it
		pair.Image = readable(pair.Image)
		id = idOf(pair)
		n, ok = f.done.take(id, uint32(pair.N))
	}
	if ok && (n != uint32(pair.N) || f.of != pair.Of) {
		f.moved.add(was{id, n}, uint32(pair.N))
	}
	return ok
}

// Unclaimed is the number of answers of the file that are of no pair that Done was asked about.
func (f *File) Unclaimed() int { return f.done.count }

// Write adds a record, whole, with one write. An answer has been stamped with one of the Settings. If the record cannot be written
// whole, as on a full disk, what of it was written is taken back, and every later Write fails too.
func (f *File) Write(r Record) error {
	if f.failed != nil {
		return f.failed
	}
	text, err := f.format.encode(r, f.many)
	if err != nil {
		return fmt.Errorf("%s: %w", f.path, err)
	}
	if !r.Failed() {
		return f.begun(text)
	}
	return f.append(text)
}

// Begin throws away what an overwritten file held, unless the first answer did. It is for a run that comes to its end without one.
func (f *File) Begin() error { return f.begun(nil) }

// begun appends to a file that holds nothing old any more.
func (f *File) begun(text []byte) error {
	if f.old && f.failed == nil {
		if err := f.file.Truncate(0); err != nil {
			f.failed = fmt.Errorf("%s: %w", f.path, reason(err))
			return f.failed
		}
		text, f.pending, f.old = slices.Concat(f.pending, text), nil, false
	}
	return f.append(text)
}

// mostPending is how much is kept back for an answer to come, in bytes: thousands of failures.
const mostPending = 1 << 20

func (f *File) append(text []byte) error {
	switch {
	case f.failed != nil:
		return f.failed
	case len(text) == 0:
		return nil
	case f.old:
		f.pending = append(f.pending, text...)
		if len(f.pending) < mostPending {
			return nil
		}
		return f.begun(nil)
	}
	_, err := f.file.Write(text)
	if err == nil {
		f.end += int64(len(text))
		return nil
	}
	f.failed = fmt.Errorf("%s: %w", f.path, reason(err))
	if f.regular {
		if err := f.file.Truncate(f.end); err != nil {
			f.failed = fmt.Errorf("%w; its last line is cut off", f.failed)
		}
	}
	return f.failed
}

// Close gives up the file. If the input was another one when a part of the answers was written, and every answer is of a pair
// that Done has been asked about, they get the numbers of the input as it is now.
func (f *File) Close() error {
	var err error
	if f.moved.count > 0 && f.done.count == 0 && f.failed == nil {
		err = f.replace(f.renumber)
	}
	if f.regular {
		err = errors.Join(err, f.file.Sync())
	}
	if err = errors.Join(err, f.file.Close()); err != nil {
		return fmt.Errorf("%s: %w", f.path, reason(err))
	}
	return nil
}

// renumber writes the records under their numbers of the input.
func (f *File) renumber(w io.Writer) error {
	header := f.format.name == csvName
	for r, err := range f.format.scan(io.NewSectionReader(f.file, 0, f.end)) {
		if err != nil {
			return err
		}
		text := r.text
		if !header {
			record, err := f.format.parse(text)
			if err != nil {
				return fmt.Errorf("line %d %w", r.line, err)
			}
			if n, ok := f.moved.take(was{idOf(record), uint32(record.N)}, 0); ok {
				record.N, record.Of = int(n), f.now
				if text, err = f.format.encode(record, f.many); err != nil {
					return err
				}
			}
		}
		header = false
		if _, err := w.Write(text); err != nil {
			return err
		}
	}
	return nil
}
