package hub

import (
	"cmp"
	"context"
	"fmt"
	"io/fs"
	"path/filepath"
)

// Pull brings the files of a checkpoint that the program reads into the cache, at a revision (a branch, tag or commit) of a
// repository OWNER/NAME, and returns the folder of its snapshot. What the cache has is not fetched again. The revision's commit
// is recorded once all files are there and verified, so that an error, of which the message names repository and file, leaves
// the cache with the checkpoint it had.
func (c *Client) Pull(ctx context.Context, repo, revision string) (folder string, err error) {
	if !IsRepo(repo) {
		return "", fmt.Errorf("repository is %q, expected OWNER/NAME", repo)
	}
	if !fs.ValidPath(revision) || !filepath.IsLocal(filepath.FromSlash(revision)) || revision == "." {
		return "", fmt.Errorf("revision is %q, expected a branch, tag or commit", revision)
	}
	if c.Offline {
		if folder, err = c.Cache.Find(repo, revision); err != nil {
			return "", fmt.Errorf("%s: HF_HUB_OFFLINE is set, and the checkpoint is %w", repo, err)
		}
		return folder, nil
	}
	p := puller{client: c, repo: repo}
	if p.commit, p.listed, err = c.list(ctx, repo, revision); err != nil {
		return "", err
	}
	p.revision = cmp.Or(p.commit, revision)
	names, err := needed(func(name string) bool { return p.listed[name] })
	if err != nil {
		return "", fmt.Errorf("%s: the repository has %w", repo, err)
	}
	if err := p.pull(ctx, names); err != nil {
		return "", err
	}
	folder = c.Cache.snapshot(repo, p.commit)
	if names[len(names)-1] == indexFile {
		parts, err := shards(filepath.Join(folder, indexFile))
		if err != nil {
			return "", err
		}
		if err := p.pull(ctx, parts); err != nil {
			return "", err
		}
	}
	if revision != p.commit {
		if err := c.Cache.writeRef(repo, revision, p.commit); err != nil {
			return "", fmt.Errorf("%s: %w", repo, err)
		}
	}
	return folder, nil
}

// puller pulls files that all belong to one commit.
type puller struct {
	client   *Client
	repo     string
	revision string // the commit, where the list of files said it
	commit   string // "" until it is known
	listed   map[string]bool
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
		if err := p.client.fetch(ctx, t, r, p.commit); err != nil {
			return err
		}
	}
	return nil
}
