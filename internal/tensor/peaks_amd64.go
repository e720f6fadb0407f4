package tensor

// registerLoops has the loop of each panel kernel. VPMADDWD and VPADDD, which AVX2 takes in place of VPDPBUSD, count as one
// instruction of sixteen multiplications.
var registerLoops = map[string]registerLoop{
	"panelF32AVX512":  {"VFMADD231PS", 16, peakAVX512},
	"panelF16AVX512":  {"VFMADD231PS", 16, peakAVX512},
	"panelBF16AVX512": {"VFMADD231PS", 16, peakAVX512},
	"panelBF16DP":     {"VDPBF16PS", 32, peakBF16},
	"panelQ8VNNI":     {"VPDPBUSD", 64, peakVNNI},
	"panelQ4VNNI":     {"VPDPBUSD", 64, peakVNNI},
	"panelF32AVX2":    {"VFMADD231PS", 8, peakAVX2},
	"panelF16AVX2":    {"VFMADD231PS", 8, peakAVX2},
	"panelBF16AVX2":   {"VFMADD231PS", 8, peakAVX2},
	"panelQ8AVX2":     {"VPMADDWD", 16, peakMADD},
	"panelQ4AVX2":     {"VPMADDWD", 16, peakMADD},
}

var readLoops = map[Tier]func(n int, x *byte){AVX512: readAVX512, AVX2: readAVX2}
