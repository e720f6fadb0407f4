//go:build !unix

package modelfile

const nonblock = 0
