//go:build armbe || arm64be || mips || mips64 || mips64p32 || ppc || ppc64 || s390 || s390x || sparc || sparc64

package tensor

// Packed matrices hold little-endian numbers that are read in place as the machine's own; this does not compile where those are
// big-endian.
var _ = mcllavaNeedsALittleEndianMachine
