package hub

import (
	"cmp"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/gofrs/flock"
)

// lockPoll is how often a lock is asked for that another process holds.
const lockPoll = 200 * time.Millisecond

// fetch brings a file into the snapshot of a commit and returns how many bytes came. If it fails the snapshot lacks the file, and
// what came is kept for the next try. A file that is there already is taken if its bytes are those of its ETag.
func (c *Client) fetch(ctx context.Context, t target, r remote, commit string) (came int64, err error) {
	path := filepath.Join(c.Cache.snapshot(t.repo, commit), filepath.FromSlash(t.file))
	blob, lock := c.Cache.blob(t.repo, r.etag), c.Cache.lock(t.repo, r.etag)
	for _, name := range []string{blob, path, lock} {
		if err := checkRegular(name); err != nil {
			return 0, err
		}
	}
	wrong, err := c.wrong(ctx, t, path, r)
	if err != nil {
		return 0, err
	}
	if wrong == nil && isFile(path, r.size) {
		return 0, nil
	}
	for _, name := range []string{blob, lock} {
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			return 0, fmt.Errorf("%s: %w", t, err)
		}
	}
	held := newLock(lock)
	ok, err := held.TryLock()
	if err == nil && !ok {
		c.note(fmt.Sprintf("%s: another process is fetching it; waiting", t))
		_, err = held.TryLockContext(ctx, lockPoll)
	}
	if err != nil {
		return 0, fmt.Errorf("%s: lock of the hub cache: %w", t, err)
	}
	defer func() { _ = held.Unlock() }()
	if came, err = c.fetchBlob(ctx, t, r, blob, wrong); err != nil {
		return came, err
	}
	if err := place(blob, path); err != nil {
		return came, fmt.Errorf("%s: %w", t, err)
	}
	if info, err := os.Stat(path); err == nil {
		if real, err := realPath(path); err == nil {
			c.Checks.remember(real, r.etag, info)
		}
	}
	return came, nil
}

// newLock is a lock whose file is opened as any file of the cache is.
func newLock(path string) *flock.Flock {
	return flock.New(path, flock.SetPermissions(0o644), flock.SetFlag(os.O_CREATE|os.O_RDONLY|notWaiting|notFollowed))
}

// wrong is the file at path if it has the size of the file that is wanted and other bytes; nil if it is right or has another size.
func (c *Client) wrong(ctx context.Context, t target, path string, r remote) (fs.FileInfo, error) {
	info, err := os.Stat(path)
	if err != nil || info.Size() != r.size {
		return nil, nil //nolint:nilerr // it is not there
	}
	ok, err := c.intact(ctx, t, path, r)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", t, err)
	}
	if ok {
		return nil, nil
	}
	return info, nil
}

// fetchBlob sees to it that a blob is there, of which a file may be known to be wrong. The blob's lock must be held.
func (c *Client) fetchBlob(ctx context.Context, t target, r remote, blob string, wrong fs.FileInfo) (came int64, err error) {
	info, err := os.Stat(blob)
	known := err == nil && wrong != nil && os.SameFile(info, wrong) && info.ModTime().Equal(wrong.ModTime())
	if !known {
		if wrong, err = c.wrong(ctx, t, blob, r); err != nil {
			return 0, err
		}
	}
	if wrong == nil && isFile(blob, r.size) {
		return 0, nil
	}
	return c.download(ctx, t, r, blob)
}

func isFile(path string, size int64) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular() && info.Size() == size
}

// download writes a blob by way of BLOB.incomplete, which it goes on with if there is one, and returns how many bytes came. The
// blob's lock must be held.
func (c *Client) download(ctx context.Context, t target, r remote, blob string) (came int64, err error) {
	name := blob + ".incomplete"
	f, err := openPartial(name)
	if err != nil {
		return 0, fmt.Errorf("%s: %w", t, err)
	}
	p := &partial{file: f, remote: r}
	if err := p.resume(ctx); err != nil {
		_ = f.Close()
		return 0, fmt.Errorf("%s: %w", t, err)
	}
	if err := c.complete(ctx, t, p); err != nil {
		_ = f.Close()
		return p.came, err
	}
	if err := cmp.Or(f.Sync(), f.Close()); err != nil {
		return p.came, fmt.Errorf("%s: %w", t, err)
	}
	if got := hex.EncodeToString(p.sum.Sum(nil)); got != r.etag {
		if err := os.Remove(name); err != nil {
			return p.came, fmt.Errorf("%s: checksum is %s, expected %s; %w", t, got, r.etag, err)
		}
		return p.came, fmt.Errorf("%s: checksum of the %d bytes is %s, expected %s; they are deleted", t, r.size, got, r.etag)
	}
	if err := os.Rename(name, blob); err != nil {
		return p.came, fmt.Errorf("%s: %w", t, err)
	}
	return p.came, nil
}

// openPartial opens what an earlier try has left, or a new file. A link, or a file that has other names too, is left as it is and
// its name given to a new file.
func openPartial(name string) (*os.File, error) {
	if info, err := os.Lstat(name); err == nil && (info.Mode()&fs.ModeSymlink != 0 || info.Mode().IsRegular() && names(info) > 1) {
		if err := os.Remove(name); err != nil {
			return nil, err
		}
	}
	return openOwn(name)
}

// partial is a file of which the first bytes are there.
type partial struct {
	file *os.File
	remote
	done int64     // bytes that are there
	came int64     // bytes that were received, those too that were of no use
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
	p.done, p.sum = 0, newSum(p.etag, p.size)
}

func (p *partial) write(data []byte) error {
	n, err := p.file.Write(data)
	p.sum.Write(data[:n])
	p.done += int64(n)
	p.came += int64(n)
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
func (c *Client) receive(ctx context.Context, t target, p *partial) error {
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

	buffer := make([]byte, 256<<10)
	for p.done < p.size {
		n, err := response.Body.Read(buffer)
		if int64(n) > p.size-p.done {
			return fmt.Errorf("%s: %s sends more than the %d bytes expected", t, host, p.size)
		}
		if err := p.write(buffer[:n]); err != nil {
			return fmt.Errorf("%s: cannot write to the hub cache, which needs %d bytes more: %w", t, p.size-p.done, err)
		}
		c.progress(t, p.done, p.size)
		if errors.Is(err, errSilent) {
			err = fmt.Errorf("%w for %v", err, c.idle)
		}
		if err != nil && p.done < p.size {
			return temporary{error: fmt.Errorf("%s: %s: ended after %d of %d bytes: %w", t, host, p.done, p.size, err)}
		}
	}
	return nil
}
