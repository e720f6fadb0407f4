// Package models lists the checkpoints that are on this machine, pulled into the hub's cache or converted into the program's own
// cache folder, and removes them.
package models

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/gofrs/flock"

	"github.com/mcllava/mcllava/internal/hub"
	"github.com/mcllava/mcllava/internal/safetensors"
	"github.com/mcllava/mcllava/internal/weights"
)

// Type is the model_type in config.json of the checkpoints that the program runs.
const Type = "mc-llava"

// Model is a checkpoint on this machine.
type Model struct {
	Name      string    // OWNER/NAME of the repository; of a converted checkpoint the name of its folder
	Revisions []string  // branches and tags that stand for the commit
	Commit    string    // "" if it is not known
	Type      string    // model_type of its config.json, "" if there is none
	StoredAs  string    // types of the tensors, or the precision that it was converted to; "" if it cannot be read
	Bytes     int64     // of its files, each counted once
	Modified  time.Time // of the file that was written last
	Path      string
	Converted bool
	Missing   error // what it lacks, nil if it is whole

	snapshot hub.Snapshot
}

// Store is where checkpoints are.
type Store struct {
	Hub       hub.Cache
	Converted string // folder that holds a folder for each converted checkpoint
	Checks    hub.Checks
}

// List lists the pulled checkpoints by repository, then the converted ones by name. A folder that is not there is empty.
func (s Store) List() ([]Model, error) {
	snapshots, err := s.Hub.Snapshots()
	if err != nil {
		return nil, err
	}
	var all []Model
	for _, snapshot := range snapshots {
		m := Model{
			Name: snapshot.Repo, Revisions: snapshot.Revisions, Commit: snapshot.Commit, Bytes: snapshot.Bytes,
			Modified: snapshot.Modified, Path: snapshot.Folder, Missing: snapshot.Missing, snapshot: snapshot,
		}
		m.read()
		all = append(all, m)
	}
	converted, err := s.converted()
	return append(all, converted...), err
}

func (s Store) converted() (all []Model, err error) {
	entries, err := os.ReadDir(s.Converted)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	for _, e := range entries {
		if !e.IsDir() {
			continue
		}
		m := Model{Name: e.Name(), Converted: true, Path: filepath.Join(s.Converted, e.Name()), Commit: commitIn(e.Name())}
		if m.Type, err = modelType(m.Path); err != nil {
			continue
		}
		if err := m.measure(); err != nil {
			return nil, err
		}
		m.read()
		all = append(all, m)
	}
	return all, nil
}

// commitIn is the commit in the name of a folder that pull made, OWNER--NAME--COMMIT-FORM.
func commitIn(name string) string {
	const digits = 40
	parts := strings.Split(name, "--")
	commit, _, found := strings.Cut(parts[len(parts)-1], "-")
	if !found || len(commit) != digits || strings.Trim(commit, "0123456789abcdef") != "" {
		return ""
	}
	return commit
}

// modelType reads the model_type of a folder's config.json.
func modelType(folder string) (string, error) {
	const longest = 1 << 20
	text, err := hub.ReadSmall(filepath.Join(folder, "config.json"), longest)
	if err != nil {
		return "", err
	}
	var config struct {
		ModelType string `json:"model_type"`
	}
	return config.ModelType, json.Unmarshal(text, &config)
}

const weightsFile = "model.safetensors"

// measure adds up the files of a converted checkpoint.
func (m *Model) measure() error {
	entries, err := os.ReadDir(m.Path)
	if err != nil {
		return err
	}
	m.Missing = fmt.Errorf("no %s", weightsFile)
	for _, e := range entries {
		info, err := e.Info()
		if err != nil || !info.Mode().IsRegular() {
			continue
		}
		m.Bytes += info.Size()
		if info.ModTime().After(m.Modified) {
			m.Modified = info.ModTime()
		}
		if e.Name() == weightsFile {
			m.Missing = nil
		}
	}
	return nil
}

// read finds out of which type the model is, and how it is stored. What cannot be read is left blank.
func (m *Model) read() {
	if m.Type == "" {
		m.Type, _ = modelType(m.Path)
	}
	if m.Missing != nil {
		return
	}
	c, err := safetensors.OpenFolder(m.Path)
	if err != nil {
		m.Missing = err
		return
	}
	defer func() { _ = c.Close() }()
	if weights.IsPacked(c) {
		packed, err := weights.ReadPacked(c)
		if err != nil {
			m.Missing = err
			return
		}
		m.StoredAs = packed.Forms.String()
		return
	}
	types := map[string]bool{}
	for _, name := range c.Names() {
		t, _ := c.Tensor(name)
		types[string(t.DType)] = true
	}
	m.StoredAs = strings.Join(slices.Sorted(maps.Keys(types)), ", ")
}

// Revision is the shortest name that tells the model from others of its repository; "" for a converted one.
func (m Model) Revision() string {
	if m.Converted {
		return ""
	}
	return m.snapshot.Revision()
}

// String is the name that Find takes: NAME@REVISION, or the folder's name of a converted one.
func (m Model) String() string {
	if m.Converted {
		return m.Name
	}
	return m.Name + "@" + m.Revision()
}

// Find is the model of a name: NAME, if there is one of it, or NAME@REVISION with a branch, a tag or the begin of a commit of at
// least four digits; or the folder's name of a converted one.
func Find(all []Model, name string) (Model, error) {
	const shortest = 4
	repo, revision, pinned := strings.Cut(name, "@")
	var fit []Model
	for _, m := range all {
		switch {
		case m.Converted && m.Name == name:
			return m, nil
		case m.Converted || m.Name != repo:
		case !pinned || slices.Contains(m.Revisions, revision):
			fit = append(fit, m)
		}
	}
	if len(fit) == 0 && len(revision) >= shortest {
		for _, m := range all {
			if !m.Converted && m.Name == repo && strings.HasPrefix(m.Commit, strings.ToLower(revision)) {
				fit = append(fit, m)
			}
		}
	}
	switch len(fit) {
	case 0:
		return Model{}, fmt.Errorf("%s: no such model, expected a name that mcllava models --all lists, or NAME@REVISION", name)
	case 1:
		return fit[0], nil
	}
	var names []string
	for _, m := range fit {
		names = append(names, m.String())
	}
	return Model{}, fmt.Errorf("%s: %d models, expected one of %s", name, len(fit), strings.Join(names, ", "))
}

// Remove removes a model and returns how many bytes that frees. One that is being pulled or converted is an error.
func (s Store) Remove(m Model) (freed int64, err error) {
	if !m.Converted {
		return s.Hub.Remove(m.snapshot, s.Checks)
	}
	root, err := os.OpenRoot(s.Converted)
	if err != nil {
		return 0, err
	}
	defer func() { _ = root.Close() }()
	info, err := root.Lstat(m.Name)
	if err != nil {
		return 0, err
	}
	if !info.IsDir() {
		return 0, fmt.Errorf("%s: no folder but %v, expected one to remove; links are not followed", m.Path, info.Mode().Type())
	}
	release, err := lockConverted(m.Path)
	if err != nil {
		return 0, fmt.Errorf("%s: %w", m.Path, err)
	}
	defer release()
	return m.Bytes, root.RemoveAll(m.Name)
}

// lockConverted keeps a conversion away that would go on in a folder. A whole checkpoint has no lock.
func lockConverted(folder string) (release func(), err error) {
	path := filepath.Join(folder, weightsFile+".lock")
	info, err := os.Lstat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return func() {}, nil
	}
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return func() {}, nil // a conversion could not hold it
	}
	held := flock.New(path)
	ok, err := held.TryLock()
	if err == nil && !ok {
		err = errors.New("being written by another process")
	}
	return func() { _ = held.Unlock() }, err
}
