// Package machine names what a measurement was made on.
package machine

import (
	"runtime"
	"runtime/debug"

	"golang.org/x/sys/cpu"
)

// CPU is the processor's name as its maker writes it, or the architecture's where the system does not tell.
func CPU() string {
	if name := cpuName(); name != "" {
		return name
	}
	return runtime.GOARCH
}

// Features lists the instruction sets that kernels could use and this CPU has, best last.
func Features() []string {
	x, a := &cpu.X86, &cpu.ARM64
	var names []string
	for _, f := range []struct {
		name string
		has  bool
	}{
		{"avx2", x.HasAVX2},
		{"fma", x.HasFMA},
		{"f16c", x.HasF16C},
		{"avx_vnni", x.HasAVXVNNI},
		{"avx512f", x.HasAVX512F},
		{"avx512bw", x.HasAVX512BW},
		{"avx512_vnni", x.HasAVX512VNNI},
		{"avx512_bf16", x.HasAVX512BF16},
		{"amx_int8", x.HasAMXInt8},
		{"amx_bf16", x.HasAMXBF16},
		{"asimd", a.HasASIMD},
		{"asimddp", a.HasASIMDDP},
		{"i8mm", a.HasI8MM},
		{"sve", a.HasSVE},
	} {
		if f.has {
			names = append(names, f.name)
		}
	}
	return names
}

// Program is the version of the running program.
func Program() string {
	if info, ok := debug.ReadBuildInfo(); ok {
		return info.Main.Version
	}
	return ""
}
