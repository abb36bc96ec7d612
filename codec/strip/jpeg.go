// This file implements the walk over a JPEG's marker segments, ITU T.81 annex B.

package strip

import (
	"bytes"
	"encoding/binary"
)

const (
	mTEM  = 0x01
	mSOF0 = 0xc0
	mDHT  = 0xc4
	mJPG  = 0xc8
	mDAC  = 0xcc
	mSOFf = 0xcf
	mRST0 = 0xd0
	mRST7 = 0xd7
	mSOI  = 0xd8
	mEOI  = 0xd9
	mSOS  = 0xda
	mDQT  = 0xdb
	mDNL  = 0xdc
	mDRI  = 0xdd
	mAPP0 = 0xe0
	mAPP2 = 0xe2
	mAPPe = 0xee
	mAPPf = 0xef
	mCOM  = 0xfe
)

func walkJPEG(src []byte, keepICC bool, s *sink) error {
	if len(src) < 2 || src[0] != 0xff || src[1] != mSOI {
		return FormatError("no SOI marker")
	}
	s.keep(src[:2])
	p := 2
	frame, scan := false, false
	for {
		// B.1.1.2: any marker may be preceded by fill bytes FF.
		q := p
		for q < len(src) && src[q] == 0xff {
			q++
		}
		if q == p || q >= len(src) {
			return FormatError("marker missing")
		}
		marker := src[q]
		q++
		if marker == mEOI {
			if !scan {
				return FormatError("no scan")
			}
			s.keep([]byte{0xff, mEOI})
			return nil
		}
		if marker == mTEM || mRST0 <= marker && marker <= mSOI || marker == 0 {
			return FormatError("stray marker")
		}
		if len(src)-q < 2 {
			return FormatError("truncated segment")
		}
		n := int(binary.BigEndian.Uint16(src[q:]))
		if n < 2 || n > len(src)-q {
			return FormatError("segment length")
		}
		seg := src[q-2 : q+n] // from FF to the last byte of the segment
		body := src[q+2 : q+n]
		p = q + n

		switch {
		case marker == mDHT, marker == mDAC, marker == mDQT, marker == mDRI, marker == mDNL:
			s.keep(seg)
		case mSOF0 <= marker && marker <= mSOFf && marker != mJPG:
			if frame {
				return UnsupportedError("hierarchical JPEG")
			}
			frame = true
			s.keep(seg)
		case marker == mSOS:
			if !frame {
				return FormatError("scan before frame")
			}
			scan = true
			s.keep(seg)
			end := entropyEnd(src, p)
			if end < 0 {
				return FormatError("truncated scan")
			}
			s.keep(src[p:end])
			p = end
		case marker == mAPP0 && len(body) >= 14 && string(body[:5]) == "JFIF\x00":
			// The version, the density and a thumbnail of 0 by 0 samples (ITU T.871 10.1).
			s.keep([]byte{0xff, mAPP0, 0, 16})
			s.keep(body[:12])
			s.keep([]byte{0, 0})
		case marker == mAPPe && len(body) >= 12 && string(body[:5]) == "Adobe":
			// Twelve bytes, of which the last is the colour transform (ITU T.872 6.5.3).
			s.keep([]byte{0xff, mAPPe, 0, 14})
			s.keep(body[:12])
		case marker == mAPP2 && keepICC && bytes.HasPrefix(body, []byte("ICC_PROFILE\x00")):
			s.keep(seg)
		case mAPP0 <= marker && marker <= mAPPf, marker == mCOM: // left out
		default:
			return UnsupportedError("marker")
		}
	}
}

// entropyEnd returns the position of the FF of the first marker at or after p that ends entropy-coded data: not a stuffed FF00
// and not RSTm (B.1.1.5). It is -1 when there is none.
func entropyEnd(src []byte, p int) int {
	for {
		i := bytes.IndexByte(src[p:], 0xff)
		if i < 0 || p+i+1 >= len(src) {
			return -1
		}
		p += i
		switch m := src[p+1]; {
		case m == 0, mRST0 <= m && m <= mRST7:
			p += 2
		case m == 0xff: // a fill byte; the last FF decides
			p++
		default:
			return p
		}
	}
}
