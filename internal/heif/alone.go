//go:build !noheif

package heif

import (
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
)

// alone is a HEIC that holds one part of p and nothing else. A grey part is said to be grey, which decoders want to be told and
// the parts of a grid often do not tell.
func (p *Picture) alone(part uint32) ([]byte, error) {
	configuration, ok := p.file.property(part, "hvcC")
	if !ok || configuration.to-configuration.at > maxConfiguration {
		return nil, errors.New("the coded picture's configuration cannot be read")
	}
	data, err := p.file.contents(part)
	if err != nil {
		return nil, err
	}
	properties := [][]byte{
		box("hvcC", configuration.data[configuration.at:configuration.to]),
		box("ispe", numbers(0, uint32(p.coded.X), uint32(p.coded.Y))),
	}
	associations := []byte{0, 1, 2, 1, 2} // the item, their count, and they
	if p.grey {
		properties = append(properties, box("pixi", []byte("\x00\x00\x00\x00\x01\x08")))
		associations = []byte{0, 1, 3, 1, 2, 3}
	}
	meta := func(at int) []byte {
		return box("meta", numbers(0),
			box("hdlr", numbers(0, 0), []byte("pict"), make([]byte, 13)),
			box("pitm", numbers(0), []byte{0, 1}),
			box("iloc", numbers(0), []byte("\x44\x00\x00\x01\x00\x01\x00\x00\x00\x01"), numbers(uint32(at), uint32(len(data)))),
			box("iinf", numbers(0), []byte{0, 1}, box("infe", []byte("\x02\x00\x00\x00\x00\x01\x00\x00hvc1\x00"))),
			box("iprp", box("ipco", properties...), box("ipma", numbers(0, 1), associations)))
	}
	head := box("ftyp", []byte("heic\x00\x00\x00\x00mif1heic"))
	const mdatHead = 8
	return slices.Concat(head, meta(len(head)+len(meta(0))+mdatHead), box("mdat", data)), nil
}

// contents are an item's data.
func (f *file) contents(id uint32) (data []byte, err error) {
	for _, place := range f.places[id] {
		if data = append(data, f.data[place.from:place.to]...); len(data) > len(f.data) {
			return nil, fmt.Errorf("item %d is larger than the file", id)
		}
	}
	if len(data) == 0 {
		return nil, fmt.Errorf("item %d holds nothing", id)
	}
	return data, nil
}

func box(kind string, parts ...[]byte) []byte {
	body := slices.Concat(parts...)
	return slices.Concat(numbers(uint32(8+len(body))), []byte(kind), body)
}

func numbers(vs ...uint32) (out []byte) {
	for _, v := range vs {
		out = binary.BigEndian.AppendUint32(out, v)
	}
	return out
}
