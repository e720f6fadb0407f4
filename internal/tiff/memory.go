package tiff

// Memory is the most bytes a pixel that [Picture.Decode] holds at a time, the result's 4 included, as far as the headers tell;
// jpeg is to say it of a JPEG.
func (p *Picture) Memory(jpeg func(data []byte) float64) float64 {
	const result = 4
	pixels := float64(p.Width) * float64(p.Height)
	block := float64(p.blockWidth) * float64(p.blockHeight) / pixels
	if p.compression != jpegCoded {
		rows := float64(min(p.band(), p.blockHeight)) / pixels
		held := rows * (float64(p.stride()) + float64(p.blockWidth*p.samples))
		if p.compression == huffman || p.compression == group3 {
			held += block * float64(p.planes()) / 8
		}
		return result + held
	}
	blocks, err := p.blocks()
	if err != nil || blocks.n == 0 {
		return result
	}
	first, err := blocks.at(0)
	if err != nil {
		return result
	}
	inside := jpeg(first)
	switch {
	case p.planar:
		return result + block*(float64(p.samples)+inside)
	case blocks.n == 1:
		return max(inside, result)
	}
	return result + block*inside
}
