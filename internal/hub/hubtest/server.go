// Package hubtest answers as the Hugging Face hub does, for tests.
package hubtest

import (
	"bytes"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"time"
)

// Commit is the commit of every branch of a Server.
const Commit = "0123456789abcdef0123456789abcdef01234567"

// Server is a hub with one repository, and the other host that its large files are redirected to.
type Server struct {
	Repo  string
	Files map[string][]byte
	Token string // needed for all requests to the hub; "" for none

	hub, storage host
}

// Answer answers a request in the place of a host, or returns false.
type Answer func(http.ResponseWriter, *http.Request) bool

type host struct {
	*httptest.Server
	lock     sync.Mutex
	instead  Answer
	requests []*http.Request
}

// New starts a server for a repository OWNER/NAME with the files of a folder.
func New(repo string, folder fs.FS) (*Server, error) {
	s := &Server{Repo: repo, Files: map[string][]byte{}}
	entries, err := fs.ReadDir(folder, ".")
	if err != nil {
		return nil, err
	}
	for _, entry := range entries {
		if s.Files[entry.Name()], err = fs.ReadFile(folder, entry.Name()); err != nil {
			return nil, err
		}
	}
	s.hub.start(s.serveHub)
	s.storage.start(s.serveStorage)
	return s, nil
}

func (h *host) start(serve http.HandlerFunc) {
	h.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h.lock.Lock()
		h.requests = append(h.requests, r)
		instead := h.instead
		h.lock.Unlock()
		if instead == nil || !instead(w, r) {
			serve(w, r)
		}
	}))
}

// Answers sets what stands between requests and the hub, and the other host; nil for nothing.
func (s *Server) Answers(hub, storage Answer) {
	s.hub.set(hub)
	s.storage.set(storage)
}

func (h *host) set(instead Answer) {
	h.lock.Lock()
	defer h.lock.Unlock()
	h.instead = instead
}

// Endpoint is the hub's URL.
func (s *Server) Endpoint() string { return s.hub.URL }

// Close stops both hosts.
func (s *Server) Close() {
	s.hub.Close()
	s.storage.Close()
}

// Requests are those since the last call, to the hub and to the other host.
func (s *Server) Requests() (hub, storage []*http.Request) { return s.hub.taken(), s.storage.taken() }

func (h *host) taken() []*http.Request {
	h.lock.Lock()
	defer h.lock.Unlock()
	requests := h.requests
	h.requests = nil
	return requests
}

// Large says whether a file is stored apart, under its SHA-256.
func Large(name string) bool { return strings.HasSuffix(name, ".safetensors") }

// ETag is the name of a file's blob: its SHA-256 if it is large, otherwise the SHA-1 of its git blob.
func (s *Server) ETag(name string) string {
	data := s.Files[name]
	if Large(name) {
		return fmt.Sprintf("%x", sha256.Sum256(data))
	}
	return fmt.Sprintf("%x", sha1.Sum(append(fmt.Appendf(nil, "blob %d\x00", len(data)), data...)))
}

func (s *Server) serveHub(w http.ResponseWriter, r *http.Request) {
	if s.Token != "" && r.Header.Get("Authorization") != "Bearer "+s.Token {
		http.Error(w, "Invalid username or password.", http.StatusUnauthorized)
		return
	}
	if revision, ok := strings.CutPrefix(r.URL.Path, "/api/models/"+s.Repo+"/revision/"); ok && known(revision) {
		s.serveList(w)
		return
	}
	rest, ok := strings.CutPrefix(r.URL.Path, "/"+s.Repo+"/resolve/")
	if !ok {
		w.Header().Set("X-Error-Code", "RepoNotFound")
		http.Error(w, "Repository not found", http.StatusNotFound)
		return
	}
	revision, name, _ := strings.Cut(rest, "/")
	data, ok := s.Files[name]
	switch {
	case !known(revision):
		w.Header().Set("X-Error-Code", "RevisionNotFound")
		http.Error(w, "Invalid rev id", http.StatusNotFound)
	case !ok:
		w.Header().Set("X-Error-Code", "EntryNotFound")
		http.Error(w, "Entry not found", http.StatusNotFound)
	case Large(name):
		w.Header().Set("X-Repo-Commit", Commit)
		w.Header().Set("X-Linked-Etag", `"`+s.ETag(name)+`"`)
		w.Header().Set("X-Linked-Size", fmt.Sprint(len(data)))
		http.Redirect(w, r, s.storage.URL+"/"+name+"?signature=secret", http.StatusFound)
	default:
		w.Header().Set("X-Repo-Commit", Commit)
		w.Header().Set("ETag", `"`+s.ETag(name)+`"`)
		http.ServeContent(w, r, name, time.Time{}, bytes.NewReader(data))
	}
}

func known(revision string) bool {
	return revision == "main" || revision == "refs/pr/1" || revision == Commit
}

func (s *Server) serveList(w http.ResponseWriter) {
	type sibling struct {
		Name string `json:"rfilename"`
	}
	var siblings []sibling
	for name := range s.Files {
		siblings = append(siblings, sibling{name})
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(map[string]any{"id": s.Repo, "sha": Commit, "siblings": siblings})
}

func (s *Server) serveStorage(w http.ResponseWriter, r *http.Request) {
	name := strings.TrimPrefix(r.URL.Path, "/")
	data, ok := s.Files[name]
	if !ok {
		http.NotFound(w, r)
		return
	}
	http.ServeContent(w, r, name, time.Time{}, bytes.NewReader(data))
}
