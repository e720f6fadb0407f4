//go:build !noheif

package heif

import (
	"bytes"
	"compress/gzip"
	"context"
	_ "embed"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"sync"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
	"github.com/tetratelabs/wazero/experimental"
	"github.com/tetratelabs/wazero/imports/wasi_snapshot_preview1"
)

var (
	//go:embed wasm/hevc.wasm.gz
	hevcWasm []byte
	//go:embed wasm/av1.wasm.gz
	av1Wasm []byte

	hevc = decoder{gz: hevcWasm}
	av1  = decoder{gz: av1Wasm}
)

// What decoding may spend: so much however small the picture, so much more for each pixel, and for each byte of the file.
// Work is counted in turns of loops: pictures take 5 to 80 a pixel, and up to 700 a byte.
const (
	baseMemory  = 64 << 20
	pixelMemory = 64
	baseWork    = 1 << 26
	pixelWork   = 1 << 9
	byteWork    = 1 << 12
)

var (
	errMemory = errors.New("needs more memory than a picture of its size should")
	errWork   = errors.New("needs more work than a picture of its size should")
)

// decoder is a WebAssembly module, compiled when it is first used.
type decoder struct {
	gz      []byte
	once    sync.Once
	runtime wazero.Runtime
	module  wazero.CompiledModule
	err     error
}

func (d *decoder) compile() error {
	d.once.Do(func() {
		defer func() {
			if p := recover(); p != nil { // where memory cannot be made executable
				d.err = fmt.Errorf("its decoder cannot be started here: %v", p)
			}
		}()
		ctx := context.Background()
		var code []byte
		r, err := gzip.NewReader(bytes.NewReader(d.gz))
		if err == nil {
			code, err = io.ReadAll(r)
		}
		if err == nil {
			code, err = metered(code)
		}
		if err == nil {
			d.runtime = wazero.NewRuntime(ctx)
			_, err = wasi_snapshot_preview1.Instantiate(ctx, d.runtime)
		}
		if err == nil {
			d.module, err = d.runtime.CompileModule(ctx, code)
		}
		d.err = err
	})
	return d.err
}

// instance is a decoder with memory of its own. Once something fails, nothing more is done.
type instance struct {
	module api.Module
	fuel   api.MutableGlobal
	err    error
}

// start makes an instance for one picture. It reads no file, and what it prints is dropped.
func (d *decoder) start(p *Picture) (*instance, error) {
	if err := d.compile(); err != nil {
		return nil, err
	}
	pixels, size := uint64(p.Width)*uint64(p.Height), uint64(len(p.file.data))
	allocator := experimental.MemoryAllocatorFunc(func(_, _ uint64) experimental.LinearMemory {
		return &memory{most: baseMemory + pixels*pixelMemory + 2*size}
	})
	ctx := experimental.WithMemoryAllocator(context.Background(), allocator)
	module, err := d.runtime.InstantiateModule(ctx, d.module, wazero.NewModuleConfig().WithName("").WithStartFunctions())
	if err != nil {
		return nil, err
	}
	in := &instance{module: module, fuel: module.ExportedGlobal(fuel).(api.MutableGlobal)}
	in.fuel.Set(baseWork + pixels*pixelWork + size*byteWork)
	in.call("_initialize")
	return in, in.err
}

func (in *instance) close() { _ = in.module.Close(context.Background()) }

func (in *instance) fail(err error) {
	if in.err == nil {
		in.err = err
	}
}

// or is what failed first, else err.
func (in *instance) or(err error) error {
	in.fail(err)
	return in.err
}

func (in *instance) call(function string, arguments ...uint64) uint64 {
	if in.err != nil {
		return 0
	}
	result, err := in.module.ExportedFunction(function).Call(context.Background(), arguments...)
	switch {
	case err != nil && in.fuel.Get() == 0:
		in.err = errWork
	case err != nil: // a trap, whose many lines tell of the decoder and not of the picture
		in.err = errDecoder
	case len(result) == 1:
		return uint64(uint32(result[0]))
	}
	return 0
}

func (in *instance) alloc(size int) uint64 {
	if size < 0 || size > math.MaxInt32 {
		in.fail(errMemory)
	}
	at := in.call("malloc", uint64(size))
	if at == 0 {
		in.fail(errMemory)
	}
	return at
}

func (in *instance) write(data []byte) uint64 {
	at := in.alloc(len(data))
	if in.err == nil && !in.module.Memory().Write(uint32(at), data) {
		in.err = errMemory
	}
	return at
}

func (in *instance) poke(at uint64, offset int, b byte) {
	if in.err == nil && !in.module.Memory().WriteByte(uint32(at)+uint32(offset), b) {
		in.err = errMemory
	}
}

func (in *instance) number(at uint64) int {
	if b := in.read(at, 4); b != nil {
		return int(binary.LittleEndian.Uint32(b))
	}
	return 0
}

// read returns bytes of the instance's memory, not a copy.
func (in *instance) read(at uint64, size int) []byte {
	if in.err != nil {
		return nil
	}
	b, ok := in.module.Memory().Read(uint32(at), uint32(size))
	if !ok {
		in.err = errMemory
		return nil
	}
	return b
}

// memory grows up to a bound.
type memory struct {
	most uint64
	pix  []byte
}

// Reallocate returns nil beyond the bound, which the decoder sees as a machine without more memory.
func (m *memory) Reallocate(size uint64) []byte {
	if size > m.most {
		return nil
	}
	if size > uint64(cap(m.pix)) {
		grown := make([]byte, size, min(2*size, m.most))
		copy(grown, m.pix)
		m.pix = grown
	}
	m.pix = m.pix[:size]
	return m.pix
}

func (m *memory) Free() {}
