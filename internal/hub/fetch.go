package hub

import (
	"cmp"
	"context"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/gofrs/flock"
)

// lockPoll is how often a lock is asked for that another process holds.
const lockPoll = 200 * time.Millisecond

// fetch brings a file into the snapshot of a commit. If it fails the snapshot lacks the file, and what came is kept for the next try.
func (c *Client) fetch(ctx context.Context, t target, r remote, commit string) error {
	path := filepath.Join(c.Cache.snapshot(t.repo, commit), filepath.FromSlash(t.file))
	if isFile(path, r.size) {
		return nil
	}
	blob, lock := c.Cache.blob(t.repo, r.etag), c.Cache.lock(t.repo, r.etag)
	for _, name := range []string{blob, lock} {
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			return fmt.Errorf("%s: %w", t, err)
		}
	}
	held := flock.New(lock, flock.SetPermissions(0o644))
	ok, err := held.TryLock()
	if err == nil && !ok {
		c.note(fmt.Sprintf("%s: another process is fetching it; waiting", t))
		_, err = held.TryLockContext(ctx, lockPoll)
	}
	if err != nil {
		return fmt.Errorf("%s: lock of the hub cache: %w", t, err)
	}
	defer func() { _ = held.Unlock() }()
	if !isFile(blob, r.size) {
		if err := c.download(ctx, t, r, blob); err != nil {
			return err
		}
	}
	if err := place(blob, path); err != nil {
		return fmt.Errorf("%s: %w", t, err)
	}
	return nil
}

func isFile(path string, size int64) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular() && info.Size() == size
}

// download writes a blob by way of BLOB.incomplete, which it goes on with if there is one. The blob's lock must be held.
func (c *Client) download(ctx context.Context, t target, r remote, blob string) error {
	name := blob + ".incomplete"
	f, err := os.OpenFile(name, os.O_RDWR|os.O_CREATE, 0o644)
	if err != nil {
		return fmt.Errorf("%s: %w", t, err)
	}
	p := &partial{file: f, remote: r}
	if err := p.resume(ctx); err != nil {
		_ = f.Close()
		return fmt.Errorf("%s: %w", t, err)
	}
	if err := c.complete(ctx, t, p); err != nil {
		_ = f.Close()
		return err
	}
	if err := cmp.Or(f.Sync(), f.Close()); err != nil {
		return fmt.Errorf("%s: %w", t, err)
	}
	if got := hex.EncodeToString(p.sum.Sum(nil)); got != r.etag {
		if err := os.Remove(name); err != nil {
			return fmt.Errorf("%s: checksum is %s, expected %s; %w", t, got, r.etag, err)
		}
		return fmt.Errorf("%s: checksum of the %d bytes is %s, expected %s; they are deleted", t, r.size, got, r.etag)
	}
	if err := os.Rename(name, blob); err != nil {
		return fmt.Errorf("%s: %w", t, err)
	}
	return nil
}

// partial is a file of which the first bytes are there.
type partial struct {
	file *os.File
	remote
	done int64     // bytes that are there
	sum  hash.Hash // of them, and of git's header before them if the ETag is a git blob's
}

// resume takes the bytes of an earlier try.
func (p *partial) resume(ctx context.Context) error {
	info, err := p.file.Stat()
	if err != nil {
		return err
	}
	if info.Size() > p.size {
		return p.restart()
	}
	p.reset()
	const step = 64 << 20
	for p.done < info.Size() {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		n, err := io.CopyN(p.sum, p.file, min(step, info.Size()-p.done))
		if p.done += n; err != nil {
			return err
		}
	}
	return nil
}

// restart forgets the bytes that are there.
func (p *partial) restart() error {
	p.reset()
	if err := p.file.Truncate(0); err != nil {
		return err
	}
	_, err := p.file.Seek(0, io.SeekStart)
	return err
}

func (p *partial) reset() {
	p.done, p.sum = 0, sha256.New()
	if len(p.etag) == hex.EncodedLen(sha1.Size) {
		p.sum = sha1.New()
		fmt.Fprintf(p.sum, "blob %d\x00", p.size)
	}
}

func (p *partial) write(data []byte) error {
	n, err := p.file.Write(data)
	p.sum.Write(data[:n])
	p.done += int64(n)
	return err
}

// complete requests what is missing until all bytes are there. Tries count anew when one got further than all before.
func (c *Client) complete(ctx context.Context, t target, p *partial) error {
	furthest := p.done
	for try := 1; p.done < p.size; try++ {
		err := c.receive(ctx, t, p)
		if p.done > furthest {
			furthest, try = p.done, 1
		}
		if err == nil {
			continue
		}
		if err := c.pause(ctx, try, err); err != nil {
			return err
		}
	}
	return nil
}

// receive makes one request for the bytes that are missing.
func (c *Client) receive(parent context.Context, t target, p *partial) error {
	ctx, cancel := context.WithCancelCause(parent)
	defer cancel(nil)
	response, err := c.send(ctx, http.MethodGet, t, p.done)
	if err != nil {
		return err
	}
	defer func() { _ = response.Body.Close() }()
	host := response.Request.URL.Host
	if response.StatusCode != http.StatusPartialContent && p.done > 0 {
		if err := p.restart(); err != nil {
			return fmt.Errorf("%s: %w", t, err)
		}
	}
	if got := response.Header.Get("Content-Range"); p.done > 0 && !strings.HasPrefix(got, fmt.Sprintf("bytes %d-", p.done)) {
		return fmt.Errorf("%s: Content-Range from %s is %.60q, expected bytes from %d on", t, host, got, p.done)
	}
	if n := response.ContentLength; n >= 0 && n != p.size-p.done {
		return fmt.Errorf("%s: %s sends %d bytes from byte %d on, expected %d", t, host, n, p.done, p.size-p.done)
	}

	idle := time.AfterFunc(c.idle, func() { cancel(fmt.Errorf("nothing came for %v", c.idle)) })
	defer idle.Stop()
	buffer := make([]byte, 256<<10)
	for p.done < p.size {
		n, err := response.Body.Read(buffer)
		idle.Reset(c.idle)
		if int64(n) > p.size-p.done {
			return fmt.Errorf("%s: %s sends more than the %d bytes expected", t, host, p.size)
		}
		if err := p.write(buffer[:n]); err != nil {
			return fmt.Errorf("%s: cannot write to the hub cache, which needs %d bytes more: %w", t, p.size-p.done, err)
		}
		if c.Progress != nil {
			c.Progress(t.file, p.done, p.size)
		}
		if err != nil && p.done < p.size {
			return temporary{error: fmt.Errorf("%s: %s: ended after %d of %d bytes: %w", t, host, p.done, p.size, cmp.Or(context.Cause(ctx), err))}
		}
	}
	return nil
}
