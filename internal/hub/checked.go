package hub

import (
	"context"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// checkStep is how many bytes are read between two looks at the context.
const checkStep = 16 << 20

// newSum is the hash whose sum is an ETag, fed with what comes before the bytes of a file of so many bytes: nothing for a
// SHA-256, git's header for the SHA-1 of a git blob.
func newSum(etag string, size int64) hash.Hash {
	if len(etag) != hex.EncodedLen(sha1.Size) {
		return sha256.New()
	}
	sum := sha1.New()
	fmt.Fprintf(sum, "blob %d\x00", size)
	return sum
}

// Checks is a folder that remembers which files have been read and found to have the bytes of their ETag: one small file for each.
// "" remembers nothing.
type Checks string

// DefaultChecks is the folder mcllava/checked in the user's cache folder, or "" for a user without one.
func DefaultChecks() Checks {
	folder, err := os.UserCacheDir()
	if err != nil {
		return ""
	}
	return Checks(filepath.Join(folder, "mcllava", "checked"))
}

// stamp is the text that is kept for a file. It changes with the file.
func stamp(path, etag string, info fs.FileInfo) string {
	return fmt.Sprintf("%s %d %d %d %q\n", etag, info.Size(), info.ModTime().UnixNano(), changed(info), path)
}

func (c Checks) entry(path string) string {
	return filepath.Join(string(c), fmt.Sprintf("%x", sha256.Sum256([]byte(path))))
}

// has says whether the file was found to be right and has not changed since.
func (c Checks) has(path, etag string, info fs.FileInfo) bool {
	if c == "" {
		return false
	}
	text, err := ReadSmall(c.entry(path), 64<<10)
	return err == nil && string(text) == stamp(path, etag, info)
}

// remember keeps that the file was found to be right. Where that cannot be kept the file is read again another time.
func (c Checks) remember(path, etag string, info fs.FileInfo) {
	if c == "" || os.MkdirAll(string(c), 0o755) != nil {
		return
	}
	_ = replace(c.entry(path), func(w io.Writer) error {
		_, err := io.WriteString(w, stamp(path, etag, info))
		return err
	})
}

// forget is for files that are removed.
func (c Checks) forget(path string) {
	if c != "" {
		_ = os.Remove(c.entry(path))
	}
}

// intact says whether a file has the bytes of an ETag. It reads the file unless it has been found to be right before. The error is
// the context's or says why the file cannot be read.
func (c *Client) intact(ctx context.Context, t target, path string, r remote) (bool, error) {
	path, err := realPath(path)
	if err != nil {
		return false, err
	}
	f, err := openRegular(path)
	if err != nil {
		return false, err
	}
	defer func() { _ = f.Close() }()
	info, err := f.Stat()
	if err != nil || info.Size() != r.size {
		return false, err
	}
	if c.Checks.has(path, r.etag, info) {
		return true, nil
	}
	sum := newSum(r.etag, r.size)
	for done := int64(0); done < r.size; {
		if ctx.Err() != nil {
			return false, ctx.Err()
		}
		n, err := io.CopyN(sum, f, min(checkStep, r.size-done))
		if done += n; err != nil {
			return false, err
		}
		c.progress(t, done, r.size)
	}
	if got := hex.EncodeToString(sum.Sum(nil)); got != r.etag {
		c.note(fmt.Sprintf("%s: the checksum of what is in the cache is %s, expected %s; fetching it again", t, got, r.etag))
		return false, nil
	}
	c.Checks.remember(path, r.etag, info)
	return true, nil
}

// realPath is the absolute path of a file without links.
func realPath(path string) (string, error) {
	path, err := filepath.EvalSymlinks(path)
	if err != nil {
		return "", err
	}
	return filepath.Abs(path)
}
