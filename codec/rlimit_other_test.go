//go:build !linux

package codec

import "errors"

func limitData(uint64) error { return errors.ErrUnsupported }
