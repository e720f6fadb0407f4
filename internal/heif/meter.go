//go:build !noheif

package heif

import (
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
)

// fuel is the global that [metered] adds and exports.
const fuel = "fuel"

// metered rewrites a WebAssembly module so that each turn of a loop takes one from a global and traps where nothing is left:
// a bound on the work of a decoder, which cannot be stopped otherwise, that is the same on every machine. (wazero's own check
// leaves the compiled code on each turn, which made decoding four times slower.)
func metered(module []byte) ([]byte, error) {
	const (
		head    = 8
		globals = 6
		exports = 7
		code    = 10
	)
	if len(module) < head {
		return nil, errWasm
	}
	out := slices.Clone(module[:head])
	in := wasm{b: module[head:]}
	index := -1
	for len(in.b) > 0 {
		id, body := in.bytes(1), wasm{b: in.bytes(in.uint())}
		if in.bad {
			return nil, errWasm
		}
		var to []byte
		switch id[0] {
		case globals:
			index = body.uint()
			to = binary.AppendUvarint(to, uint64(index)+1)
			to = append(to, body.b...)
			to = append(to, 0x7e, 1, 0x42, 0, 0x0b) // a mutable i64 of 0
		case exports:
			if index < 0 {
				return nil, errors.New("module has no globals")
			}
			to = binary.AppendUvarint(to, uint64(body.uint())+1)
			to = append(to, body.b...)
			to = append(to, byte(len(fuel)))
			to = append(to, fuel...)
			to = append(to, 3) // a global
			to = binary.AppendUvarint(to, uint64(index))
		case code:
			n := body.uint()
			to = binary.AppendUvarint(to, uint64(n))
			for range n {
				f := wasm{b: body.bytes(body.uint())}
				function, err := f.meter(index)
				if err == nil && body.bad {
					err = errWasm
				}
				if err != nil {
					return nil, err
				}
				to = binary.AppendUvarint(to, uint64(len(function)))
				to = append(to, function...)
			}
		default:
			to = body.b
		}
		out = append(out, id[0])
		out = binary.AppendUvarint(out, uint64(len(to)))
		out = append(out, to...)
	}
	return out, nil
}

var errWasm = errors.New("not a WebAssembly module")

// meter is a function's body with the check at the start of each loop.
func (w *wasm) meter(global int) ([]byte, error) {
	check := []byte{0x23} // global.get
	check = binary.AppendUvarint(check, uint64(global))
	get := slices.Clone(check)
	check = append(check, 0x50, 0x04, 0x40, 0x00, 0x0b) // i64.eqz if unreachable end
	check = append(check, get...)
	check = append(check, 0x42, 1, 0x7d, 0x24) // i64.const 1, i64.sub, global.set
	check = binary.AppendUvarint(check, uint64(global))

	whole := w.b
	for range w.uint() { // locals
		w.uint()
		w.bytes(1)
	}
	var out []byte
	for from := whole; len(w.b) > 0; {
		op := w.bytes(1)[0]
		if err := w.immediates(op); err != nil {
			return nil, err
		}
		if op == loop || len(w.b) == 0 {
			out = append(out, from[:len(from)-len(w.b)]...)
			from = w.b
		}
		if op == loop {
			out = append(out, check...)
		}
	}
	if w.bad {
		return nil, errWasm
	}
	return out, nil
}

const loop = 0x03

// immediates skips what follows an instruction's first byte (WebAssembly 2.0, 5.4, without vectors).
func (w *wasm) immediates(op byte) error {
	switch {
	case op >= 0x02 && op <= 0x04: // a block's type
		w.uint()
	case op == 0x0c, op == 0x0d, op == 0x10, op >= 0x20 && op <= 0x26, op == 0x3f, op == 0x40, op == 0x41, op == 0x42, op == 0xd0, op == 0xd2:
		w.uint()
	case op == 0x0e: // a table of branches
		for range w.uint() + 1 {
			w.uint()
		}
	case op == 0x11, op >= 0x28 && op <= 0x3e:
		w.uint()
		w.uint()
	case op == 0x1c:
		for range w.uint() {
			w.uint()
		}
	case op == 0x43:
		w.bytes(4)
	case op == 0x44:
		w.bytes(8)
	case op == 0xfc:
		switch kind := w.uint(); {
		case kind <= 7:
		case kind == 8, kind == 10, kind == 12, kind == 14:
			w.uint()
			w.uint()
		case kind <= 17:
			w.uint()
		default:
			return fmt.Errorf("instruction fc %d is not known", kind)
		}
	case op <= 0x01, op == 0x05, op == 0x0b, op == 0x0f, op == 0x1a, op == 0x1b, op == 0xd1, op >= 0x45 && op <= 0xc4:
	default:
		return fmt.Errorf("instruction %#x is not known", op)
	}
	return nil
}

// wasm reads the module's encoding.
type wasm struct {
	b   []byte
	bad bool
}

func (w *wasm) bytes(n int) []byte {
	if n < 0 || n > len(w.b) {
		w.bad, w.b = true, nil
		return []byte{0}
	}
	v := w.b[:n]
	w.b = w.b[n:]
	return v
}

// uint reads a LEB128 number; of a signed one it is enough that it is passed over.
func (w *wasm) uint() (v int) {
	for i, b := range w.b[:min(10, len(w.b))] {
		v |= int(b&0x7f) << (7 * i)
		if b < 0x80 {
			w.b = w.b[i+1:]
			return v
		}
	}
	w.bad, w.b = true, nil
	return 0
}
