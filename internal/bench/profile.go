package bench

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"errors"
	"io"
	"time"
)

// sample is CPU time that was spent in one stack of functions, innermost first.
type sample struct {
	stack []string
	time  time.Duration
}

// parseProfile reads the samples of a CPU profile as runtime/pprof writes it: a gzipped protocol buffer of
// https://github.com/google/pprof/blob/main/proto/profile.proto.
func parseProfile(data []byte) ([]sample, error) {
	unzip, err := gzip.NewReader(bytes.NewReader(data))
	if err != nil {
		return nil, err
	}
	if data, err = io.ReadAll(unzip); err != nil {
		return nil, err
	}
	const (
		profileSample, profileLocation, profileFunction, profileString = 2, 4, 5, 6
		sampleLocation, sampleValue                                    = 1, 2
		locationID, locationLine, lineFunction                         = 1, 4, 1
		functionID, functionName                                       = 1, 2
	)
	var stacks [][]uint64 // of locations
	var values [][]uint64 // counts and nanoseconds
	var strings []string
	functions := map[uint64]uint64{}   // names
	locations := map[uint64][]uint64{} // functions, innermost first where some are inlined
	err = fields(data, func(n uint64, _ uint64, message []byte) error {
		switch n {
		case profileSample:
			var stack, value []uint64
			err := fields(message, func(n, v uint64, packed []byte) error {
				switch n {
				case sampleLocation:
					return numbers(&stack, v, packed)
				case sampleValue:
					return numbers(&value, v, packed)
				}
				return nil
			})
			stacks, values = append(stacks, stack), append(values, value)
			return err
		case profileLocation:
			var id uint64
			var calls []uint64
			err := fields(message, func(n, v uint64, line []byte) error {
				switch n {
				case locationID:
					id = v
				case locationLine:
					return fields(line, func(n, v uint64, _ []byte) error {
						if n == lineFunction {
							calls = append(calls, v)
						}
						return nil
					})
				}
				return nil
			})
			locations[id] = calls
			return err
		case profileFunction:
			var id, name uint64
			err := fields(message, func(n, v uint64, _ []byte) error {
				switch n {
				case functionID:
					id = v
				case functionName:
					name = v
				}
				return nil
			})
			functions[id] = name
			return err
		case profileString:
			strings = append(strings, string(message))
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	var samples []sample
	for i, stack := range stacks {
		if len(values[i]) != 2 {
			return nil, errProfile
		}
		s := sample{time: time.Duration(values[i][1])}
		for _, location := range stack {
			for _, function := range locations[location] {
				name := functions[function]
				if name >= uint64(len(strings)) {
					return nil, errProfile
				}
				s.stack = append(s.stack, strings[name])
			}
		}
		samples = append(samples, s)
	}
	return samples, nil
}

var errProfile = errors.New("CPU profile is damaged")

// fields calls each with the number of every field of a protocol buffer, and its value or, if it has a length, its bytes.
func fields(b []byte, each func(n, v uint64, data []byte) error) error {
	const varint, fixed64, bytes, fixed32 = 0, 1, 2, 5
	for len(b) > 0 {
		tag, size := binary.Uvarint(b)
		if size <= 0 {
			return errProfile
		}
		b = b[size:]
		var v uint64
		var data []byte
		switch tag & 7 {
		case varint, bytes:
			if v, size = binary.Uvarint(b); size <= 0 {
				return errProfile
			}
			b = b[size:]
			if tag&7 == bytes {
				if v > uint64(len(b)) {
					return errProfile
				}
				data, b = b[:v], b[v:]
			}
		case fixed64, fixed32:
			if size = map[uint64]int{fixed64: 8, fixed32: 4}[tag&7]; len(b) < size {
				return errProfile
			}
			b = b[size:]
		default:
			return errProfile
		}
		if err := each(tag>>3, v, data); err != nil {
			return err
		}
	}
	return nil
}

// numbers appends a repeated field: one number, or several that are packed.
func numbers(to *[]uint64, v uint64, packed []byte) error {
	if packed == nil {
		*to = append(*to, v)
		return nil
	}
	for len(packed) > 0 {
		v, size := binary.Uvarint(packed)
		if size <= 0 {
			return errProfile
		}
		*to, packed = append(*to, v), packed[size:]
	}
	return nil
}
