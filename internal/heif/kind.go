package heif

import "encoding/binary"

// Kind says by a file's first bytes whether it is "HEIC", "AVIF", or "" for neither. The list of brands tells one from the
// other where the first brand does not.
func Kind(data []byte) string {
	if len(data) < 16 || string(data[4:8]) != "ftyp" {
		return ""
	}
	kind := ""
	size := min(int(binary.BigEndian.Uint32(data)), len(data), 256)
	for at := 8; at+4 <= max(size, 12); at += 4 {
		if at == 12 { // the first brand's version
			continue
		}
		switch string(data[at : at+4]) {
		case "avif", "avis":
			return "AVIF"
		case "heic", "heix", "hevc", "hevx", "heim", "heis", "hevm", "hevs":
			return "HEIC"
		case "mif1", "mif2", "msf1", "heif":
			kind = "HEIC"
		}
		if at == 8 && kind == "" {
			return ""
		}
	}
	return kind
}
