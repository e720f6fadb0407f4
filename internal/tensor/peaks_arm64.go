package tensor

// registerLoops has the loop of each panel kernel. A step of theirs is two of its instructions, as there are more registers to fill
// than elsewhere. SMULL, SMLAL and SADALP, which stand in for SDOT, count as one instruction of sixteen multiplications.
var registerLoops = map[string]registerLoop{
	"panelF32NEON":   {"FMLA", 2 * 4, peakFMLA},
	"panelF16NEON":   {"FMLA", 2 * 4, peakFMLA},
	"panelBF16NEON":  {"FMLA", 2 * 4, peakFMLA},
	"panelQ8NEON":    {"SMLAL", 2 * 16, peakSMLAL},
	"panelQ4NEON":    {"SMLAL", 2 * 16, peakSMLAL},
	"panelQ8DotProd": {"SDOT", 2 * 16, peakDotProd},
	"panelQ4DotProd": {"SDOT", 2 * 16, peakDotProd},
	"panelQ8I8MM":    {"SMMLA", 2 * 32, peakI8MM},
	"panelQ4I8MM":    {"SMMLA", 2 * 32, peakI8MM},
}

var readLoops = map[Tier]func(n int, x *byte){NEON: readNEON, DotProd: readNEON, I8MM: readNEON}
