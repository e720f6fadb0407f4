package draw

import "testing"

func BenchmarkNew(b *testing.B) {
	pictures := map[string]Options{"street": {Ground: StreetGround}, "plain": {Ground: PlainGround}}
	for _, name := range Photos() {
		pictures[name] = Options{Photo: name}
	}
	for name, o := range pictures {
		o.Signs, o.Things = []SignOptions{{}}, make([]ThingOptions, 3)
		b.Run(name, func(b *testing.B) {
			for i := 0; b.Loop(); i++ {
				if _, err := New(uint64(i), o); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
