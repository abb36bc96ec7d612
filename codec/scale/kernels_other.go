//go:build !amd64 || purego

package scale

const useAVX2 = false

// avx2State and its methods are never used, because useAVX2 is false.
type avx2State struct{}

func (*avx2State) reset(*Scaler) {}
func (*avx2State) drain(*Scaler) {}
