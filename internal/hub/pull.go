package hub

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/mcllava/mcllava/internal/terminal"
)

// Pulled is what a pull has found or done.
type Pulled struct {
	Folder  string // of the snapshot
	Commit  string
	Files   int   // of the checkpoint that the program reads
	Fetched int   // of them, those that were not there
	Bytes   int64 // that came for them
}

// Pull brings the files of a checkpoint that the program reads into the cache, at a revision (a branch, tag or commit) of a
// repository OWNER/NAME. What the cache has is not fetched again, once it has been read and found to be right. The revision's
// commit is recorded once all files are there and verified, so that an error, of which the message names repository and file,
// leaves the cache with the checkpoint it had. The message is one line that can be shown on a terminal.
func (c *Client) Pull(ctx context.Context, repo, revision string) (Pulled, error) {
	pulled, err := c.pull(ctx, repo, revision)
	return pulled, plain(err)
}

func (c *Client) pull(ctx context.Context, repo, revision string) (done Pulled, err error) {
	if !IsRepo(repo) {
		return done, fmt.Errorf("repository is %q, expected OWNER/NAME", repo)
	}
	if !localName(revision) || terminal.Escape(revision) != revision {
		return done, fmt.Errorf("revision is %q, expected a branch, tag or commit", revision)
	}
	if lower := strings.ToLower(revision); commitHash().MatchString(lower) {
		revision = lower
	}
	if c.Offline {
		if done.Folder, done.Files, err = c.Cache.find(repo, revision); err != nil {
			return done, fmt.Errorf("%s: HF_HUB_OFFLINE is set, and the checkpoint is %w", repo, err)
		}
		done.Commit = filepath.Base(done.Folder)
		return done, nil
	}
	if err := checkRegular(c.Cache.ref(repo, revision)); err != nil {
		return done, fmt.Errorf("%s: %w", repo, err)
	}
	p := puller{client: c, repo: repo}
	if p.commit, p.listed, err = c.list(ctx, repo, revision); err != nil {
		return done, err
	}
	if commitHash().MatchString(revision) {
		p.commit = revision
	}
	p.revision = cmp.Or(p.commit, revision)
	names, err := needed(func(name string) bool { return p.listed[name] })
	if err != nil {
		return done, fmt.Errorf("%s: the repository has %w", repo, err)
	}
	release, err := c.hold(ctx, repo)
	if err != nil {
		return done, fmt.Errorf("%s: lock of the hub cache: %w", repo, err)
	}
	defer release()
	if err := p.pull(ctx, names); err != nil {
		return done, err
	}
	p.done.Folder = c.Cache.snapshot(repo, p.commit)
	p.done.Commit = p.commit
	if names[len(names)-1] == indexFile {
		parts, err := shards(filepath.Join(p.done.Folder, indexFile))
		if err != nil {
			return done, err
		}
		if err := p.pull(ctx, parts); err != nil {
			return done, err
		}
	}
	if revision != p.commit {
		if err := c.Cache.writeRef(repo, revision, p.commit); err != nil {
			return done, fmt.Errorf("%s: %w", repo, err)
		}
	}
	return p.done, nil
}

// hold keeps what is pulled of a repository from being removed, until it is released. Where no lock can be had, as in a cache
// that cannot be written to, nothing is held.
func (c *Client) hold(ctx context.Context, repo string) (release func(), err error) {
	path := c.Cache.lock(repo, pulling)
	if err := checkRegular(path); err != nil {
		return nil, err
	}
	_ = os.MkdirAll(filepath.Dir(path), 0o755)
	held := newLock(path)
	ok, err := held.TryRLock()
	if err == nil && !ok {
		c.note(repo + ": another process is removing it; waiting")
		_, _ = held.TryRLockContext(ctx, lockPoll) // the error is the context's
	}
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	return func() { _ = held.Unlock() }, nil
}

// puller pulls files that all belong to one commit.
type puller struct {
	client   *Client
	repo     string
	revision string // the commit, where the list of files said it
	commit   string // "" until it is known
	listed   map[string]bool
	done     Pulled
}

func (p *puller) pull(ctx context.Context, names []string) error {
	for _, name := range names {
		t := target{repo: p.repo, revision: p.revision, file: name}
		if !p.listed[name] {
			return fmt.Errorf("%s: needed, but the repository does not list it", t)
		}
		r, err := p.client.head(ctx, t)
		if err != nil {
			return err
		}
		p.commit = cmp.Or(p.commit, r.commit)
		switch {
		case p.commit == "":
			return fmt.Errorf("%s: X-Repo-Commit is missing, expected the commit of %s", t, p.revision)
		case r.commit != "" && r.commit != p.commit:
			return fmt.Errorf("%s: X-Repo-Commit is %s, expected %s; pull again if the revision has moved", t, r.commit, p.commit)
		}
		came, err := p.client.fetch(ctx, t, r, p.commit)
		if err != nil {
			return err
		}
		p.done.Files++
		if p.done.Bytes += came; came > 0 {
			p.done.Fetched++
		}
	}
	return nil
}
