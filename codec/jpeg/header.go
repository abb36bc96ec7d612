package jpeg

// This file implements the marker segments of ITU T.81 annex B.2, up to the first scan, and the APP
// segments that other documents define: JFIF (ITU T.871), Exif (CIPA DC-008), ICC profiles (ICC.1
// annex B.4), Adobe APP14.

import (
	"bytes"
	"encoding/binary"
)

// A ColorModel says what the components of a frame are.
type ColorModel uint8

const (
	ModelGray  ColorModel = iota // 1 component
	ModelYCbCr                   // 3 components, full range as in JFIF
	ModelRGB                     // 3 components
	ModelCMYK                    // 4 components, 255 being no ink
	// 4 components: YCbCr and K. YCbCr converts to an RGB of 255-C, 255-M and 255-Y, where C, M and
	// Y are as in ModelCMYK, and so is K.
	ModelYCCK
)

// A Component is one component of the frame, as the frame header describes it.
type Component struct {
	ID   byte
	H, V int // sampling factors, 1 to 4

	tq    uint8       // quantization table selector
	quant *quantTable // set by the first scan that has the component, as T.81 B.2.4.1 requires

	// The component has bw x bh blocks, where bw is ceil(Reader.Width * H / (8 * hmax)). Blocks
	// outside of the component, which an interleaved MCU may have, are not counted (T.81 A.2.2).
	bw, bh int
}

// A Segment is an application segment. Data is a part of the source, without marker and length.
type Segment struct {
	Marker byte // 0xE0 to 0xEF
	Data   []byte
}

// A quantTable holds the quantization steps in zig-zag order.
type quantTable [blockSize]uint16

// A tableSpec specifies a Huffman table as a DHT segment does: 16 counts, then the symbols. It is a
// part of the source, or one of the standard's tables. The table is built when a scan needs it.
type tableSpec []byte

// A scan is a scan header (T.81 B.2.3), with the tables and the restart interval that are in force
// for it.
type scan struct {
	comps  [4]uint8     // indexes into Components
	td, ta [4]uint8     // Huffman table selectors of each of comps
	n      int          // comps[:n], td[:n] and ta[:n] are in use
	ss, se uint8        // spectral selection: zig-zag indices [ss, se]
	ah, al uint8        // low bits of coefficients still missing before and after the scan; ah is 0 in a first scan
	dc, ac [4]tableSpec // by selector
	ri     int          // restart interval in MCUs; 0 if there is none
	pos    int          // of the first entropy-coded byte in the source

	// For progressive pictures only.
	need      bool // the scan has to be decoded
	truncated bool // no marker follows the scan's data
}

// maxBlocksInMCU is the limit of T.81 B.2.3 on the blocks of an interleaved scan's MCU.
const maxBlocksInMCU = 10

// maxSegments bounds the number of APP segments that are kept; later ones are ignored.
const maxSegments = 512

// A Reader reads one JPEG picture, the first of its source. It keeps the source, and never writes
// to it.
type Reader struct {
	Width, Height int         // in pixels
	Components    []Component // 1, 3 or 4
	Model         ColorModel
	Progressive   bool
	Segments      []Segment
	EXIF          []byte // the TIFF structure of the Exif segment, a part of the source, or nil
	ICC           []byte // the profile, or nil when there is none or a part of it is missing
	Note          string // what was dropped of a picture that is not damaged, or ""

	// Odd is set if the picture breaks the standard, but in a way that every viewer accepts: a scan
	// uses a Huffman table that the file does not have, or components have equal identifiers, or
	// there is a stray DNL.
	Odd bool

	// MaxBytes bounds what Decode may allocate. If Decode needs more, it returns an error that is
	// ErrLimit. NewReader sets MaxBytes to DefaultMaxBytes.
	MaxBytes int64

	src        []byte
	hmax, vmax int // the largest sampling factors of the components
	mcux, mcuy int // MCUs of an interleaved scan, in a row and in a column

	// The tables and the restart interval that are in force where the walk over the segments is.
	quant  [4]*quantTable
	dc, ac [4]tableSpec
	ri     int

	first scan // the header of the first scan
	at    int  // position of the marker that was read last
	next  int  // where the walk over the marker segments goes on

	jfif           bool // there is a JFIF segment
	adobe          bool // there is an Adobe segment
	adobeTransform byte // the color transform that the Adobe segment names
}

// DefaultMaxBytes is the MaxBytes that NewReader sets. It is enough for a progressive picture of
// 100 megapixels at any N.
const DefaultMaxBytes = 256 << 20

// NewReader reads the headers of the first picture in src, up to its first scan. It reads no
// entropy-coded data. It allocates some hundred bytes for each segment, and memory for a profile
// that is divided among several segments. Its errors are FormatError and UnsupportedError.
func NewReader(src []byte) (*Reader, error) {
	d := &Reader{src: src, MaxBytes: DefaultMaxBytes}
	if len(src) < 4 || src[0] != 0xFF || src[1] != markerSOI {
		return nil, FormatError{0, "missing SOI marker"}
	}
	d.next = 2
	s, err := d.nextScan()
	if err != nil {
		return nil, err
	}
	if s == nil {
		return nil, FormatError{d.at, "no scan"}
	}
	d.first = *s
	d.setModel()
	d.EXIF = d.payload(markerAPP1, exifHeader)
	var hasSecond bool
	if d.ICC, hasSecond = d.profile(); hasSecond {
		d.Note = "another profile dropped: the first counts"
	}
	// Every block takes at least one bit in a progressive picture (its first DC scan), and two bits
	// in a sequential one (DC and EOB). A frame with more blocks than the source has bits for is
	// refused.
	bitsPerBlock := int64(2)
	if d.Progressive {
		bitsPerBlock = 1
	}
	blocks := int64(0)
	for i := range d.Components {
		blocks += int64(d.Components[i].bw) * int64(d.Components[i].bh)
	}
	if blocks*bitsPerBlock > 8*int64(len(src)-s.pos) {
		return nil, FormatError{s.pos, "too few bytes for the size of the frame"}
	}
	return d, nil
}

// nextScan walks over the marker segments from d.next to the next SOS, and returns its scan. It
// leaves d.next at the first entropy-coded byte, and the caller moves d.next to the end of the
// scan's data. The scan is nil at EOI and at the end of the source.
func (d *Reader) nextScan() (*scan, error) {
	for {
		m, seg, err := d.nextSegment()
		if err != nil {
			return nil, err
		}
		switch {
		case m == 0 || m == markerEOI:
			return nil, nil
		case m >= markerAPP0 && m <= markerAPPF:
			d.readApp(m, seg)
		case m == markerSOS:
			return d.readSOS(seg)
		case m == markerDHT:
			err = d.readDHT(seg)
		case m == markerDQT:
			err = d.readDQT(seg)
		case m == markerDRI:
			if len(seg) != 2 {
				return nil, FormatError{d.at, "DRI has wrong length"}
			}
			d.ri = int(binary.BigEndian.Uint16(seg))
		case m == markerSOF0 || m == markerSOF1 || m == markerSOF2:
			err = d.readSOF(m, seg)
		case m == markerDNL:
			d.Odd = true // the height is always that of the frame header
		case m == markerDAC || m == 0xC9 || m == 0xCA: // SOF9, SOF10
			return nil, UnsupportedError("arithmetic coding")
		case m == 0xC3 || m == 0xCB: // SOF3, SOF11
			return nil, UnsupportedError("lossless process")
		case m >= 0xC5 && m <= 0xCF, m == markerDHP, m == markerEXP: // the other SOFs and JPG
			return nil, UnsupportedError("hierarchical process")
		case m == markerCOM, m >= 0xF0: // skipped
		default:
			return nil, UnsupportedError("unknown marker")
		}
		if err != nil {
			return nil, err
		}
	}
}

// nextSegment returns the next marker and its segment's bytes. It moves d.next to the end of the
// segment, and sets d.at to the position of the marker. The marker is 0 at the end of the source.
// Bytes between segments are skipped, as in every decoder.
func (d *Reader) nextSegment() (m byte, seg []byte, err error) {
	b, p := d.src, d.next
	for {
		i := bytes.IndexByte(b[p:], 0xFF)
		if i < 0 || p+i+1 >= len(b) {
			d.at, d.next = len(b), len(b)
			return 0, nil, nil
		}
		p += i + 1
		m = b[p]
		if m == 0xFF { // fill byte, B.1.1.2
			continue
		}
		p++
		// FF 00 is not a marker. TEM, SOI and RST are markers without a segment.
		isRST := m >= markerRST0 && m <= markerRST7
		if m == 0 || m == markerTEM || m == markerSOI || isRST {
			continue
		}
		break
	}
	d.at = p - 2
	if m == markerEOI {
		d.next = p
		return m, nil, nil
	}
	if len(b)-p < 2 {
		return 0, nil, FormatError{d.at, "truncated segment"}
	}
	n := int(binary.BigEndian.Uint16(b[p:]))
	if n < 2 || len(b)-p < n {
		return 0, nil, FormatError{d.at, "segment has wrong length"}
	}
	d.next = p + n
	return m, b[p+2 : p+n : p+n], nil
}

// readSOF reads a frame header, B.2.2.
func (d *Reader) readSOF(m byte, seg []byte) error {
	if d.Components != nil {
		return FormatError{d.at, "more than one frame"}
	}
	if len(seg) < 6 {
		return FormatError{d.at, "SOF has wrong length"}
	}
	n := int(seg[5])
	if len(seg) != 6+3*n {
		return FormatError{d.at, "SOF has wrong length"}
	}
	switch precision := seg[0]; { // bits of a sample
	case precision == 12 && m != markerSOF0:
		return UnsupportedError("12-bit samples")
	case precision != 8:
		return FormatError{d.at, "sample precision"}
	case n != 1 && n != 3 && n != 4:
		return UnsupportedError("number of components")
	}
	d.Progressive = m == markerSOF2
	d.Height, d.Width = int(binary.BigEndian.Uint16(seg[1:])), int(binary.BigEndian.Uint16(seg[3:]))
	if d.Width == 0 {
		return FormatError{d.at, "width is 0"}
	}
	if d.Height == 0 {
		return UnsupportedError("height given by DNL")
	}
	cs := make([]Component, n)
	for i := range cs {
		s, c := seg[6+3*i:], &cs[i] // a component takes 3 bytes
		c.ID, c.tq = s[0], s[2]
		c.H, c.V = int(s[1]>>4), int(s[1]&15)
		if c.H < 1 || c.H > 4 || c.V < 1 || c.V > 4 {
			return FormatError{d.at, "sampling factor"}
		}
		if c.tq > 3 {
			return FormatError{d.at, "quantization table selector"}
		}
		for j := range cs[:i] { // equal identifiers are odd
			d.Odd = d.Odd || cs[j].ID == c.ID
		}
		d.hmax, d.vmax = max(d.hmax, c.H), max(d.vmax, c.V)
	}
	d.mcux = (d.Width + 8*d.hmax - 1) / (8 * d.hmax)
	d.mcuy = (d.Height + 8*d.vmax - 1) / (8 * d.vmax)
	for i := range cs {
		c := &cs[i]
		c.bw = (d.Width*c.H + 8*d.hmax - 1) / (8 * d.hmax)
		c.bh = (d.Height*c.V + 8*d.vmax - 1) / (8 * d.vmax)
	}
	d.Components = cs
	return nil
}

// readDQT reads quantization tables, B.2.4.1.
func (d *Reader) readDQT(seg []byte) error {
	for len(seg) > 0 {
		pq, tq := seg[0]>>4, seg[0]&15 // precision (0 is 8 bits, 1 is 16 bits), destination
		if pq > 1 || tq > 3 {
			return FormatError{d.at, "DQT has a wrong precision or destination"}
		}
		seg = seg[1:]
		size := blockSize << pq // bytes of the elements
		if len(seg) < size {
			return FormatError{d.at, "DQT has wrong length"}
		}
		// The old table is not overwritten, because components may still use it.
		q := new(quantTable)
		for i := range q {
			if pq == 0 {
				q[i] = uint16(seg[i])
			} else {
				q[i] = binary.BigEndian.Uint16(seg[2*i:])
			}
		}
		d.quant[tq] = q
		seg = seg[size:]
	}
	return nil
}

// readDHT stores the specifications of Huffman tables, B.2.4.2.
func (d *Reader) readDHT(seg []byte) error {
	for len(seg) > 0 {
		if len(seg) < 17 {
			return FormatError{d.at, "DHT has wrong length"}
		}
		tc, th := seg[0]>>4, seg[0]&15 // class (0 is DC, 1 is AC), destination
		if tc > 1 || th > 3 {
			return FormatError{d.at, "DHT has a wrong class or destination"}
		}
		n := 0
		for _, c := range seg[1:17] {
			n += int(c)
		}
		if n > 256 || len(seg) < 17+n {
			return FormatError{d.at, "DHT has wrong length"}
		}
		if tc == 0 {
			d.dc[th] = tableSpec(seg[1 : 17+n])
		} else {
			d.ac[th] = tableSpec(seg[1 : 17+n])
		}
		seg = seg[17+n:]
	}
	return nil
}

// readSOS reads a scan header, B.2.3.
func (d *Reader) readSOS(seg []byte) (*scan, error) {
	if d.Components == nil {
		return nil, FormatError{d.at, "scan without frame"}
	}
	if len(seg) < 1 {
		return nil, FormatError{d.at, "SOS has wrong length"}
	}
	s := &scan{n: int(seg[0]), dc: d.dc, ac: d.ac, ri: d.ri, pos: d.next}
	if s.n < 1 || s.n > len(d.Components) || len(seg) != 4+2*s.n {
		return nil, FormatError{d.at, "SOS has wrong length"}
	}
	blocks := 0
	for i := range s.n {
		id, t := seg[1+2*i], seg[2+2*i]
		// If components have equal identifiers, the first one that the scan does not have yet is
		// taken.
		ci := 0
		for ; ci < len(d.Components); ci++ {
			isTaken := bytes.IndexByte(s.comps[:i], uint8(ci)) >= 0
			if d.Components[ci].ID == id && !isTaken {
				break
			}
		}
		if ci == len(d.Components) {
			return nil, FormatError{d.at, "scan of an unknown component"}
		}
		s.comps[i], s.td[i], s.ta[i] = uint8(ci), t>>4, t&15
		if s.td[i] > 3 || s.ta[i] > 3 {
			return nil, FormatError{d.at, "Huffman table selector"}
		}
		c := &d.Components[ci]
		blocks += c.H * c.V
		if c.quant == nil {
			if c.quant = d.quant[c.tq]; c.quant == nil {
				return nil, FormatError{d.at, "missing quantization table"}
			}
		}
	}
	if s.n > 1 && blocks > maxBlocksInMCU {
		return nil, FormatError{d.at, "too many blocks in an MCU"}
	}
	if d.Progressive {
		params := seg[1+2*s.n:] // behind the components
		s.ss, s.se = params[0], params[1]
		s.ah, s.al = params[2]>>4, params[2]&15
		if wrong := s.wrongProgression(); wrong != "" {
			return nil, FormatError{d.at, wrong}
		}
		return s, nil
	}
	// In a sequential scan each of ss, se, ah and al has only one valid value. Every decoder
	// ignores them.
	if s.useStandardTables() {
		d.Odd = true
	}
	return s, nil
}

// wrongProgression returns which rule of G.1.1.1.1 the parameters of a progressive scan break, or
// "" if they break none.
func (s *scan) wrongProgression() string {
	switch {
	case s.ss > s.se || s.se > 63:
		return "spectral selection out of range"
	case s.ss == 0 && s.se != 0:
		return "DC and AC coefficients in one scan"
	case s.ss > 0 && s.n != 1:
		return "AC coefficients of several components in one scan"
	case s.al > 13:
		return "successive approximation out of range"
	case s.ah != 0 && s.ah != s.al+1:
		return "refinement by other than one bit"
	}
	return ""
}

// readApp keeps an application segment, and reads those of its fields that the color model depends
// on.
func (d *Reader) readApp(m byte, seg []byte) {
	switch {
	case m == markerAPP0 && len(seg) >= 5 && string(seg[:5]) == "JFIF\x00":
		d.jfif = true
	case m == markerAPPE && len(seg) >= 12 && string(seg[:5]) == "Adobe":
		d.adobe, d.adobeTransform = true, seg[11]
	}
	if len(d.Segments) < maxSegments {
		d.Segments = append(d.Segments, Segment{m, seg})
	}
}

// setModel sets the color model, when all segments before the first scan have been read. Its rules
// are those of libjpeg, and every reader follows them.
func (d *Reader) setModel() {
	switch c := d.Components; len(c) {
	case 1:
		d.Model = ModelGray
	case 3:
		d.Model = ModelYCbCr
		if d.jfif {
			break
		}
		if d.adobe {
			if d.adobeTransform == 0 {
				d.Model = ModelRGB
			}
		} else if c[0].ID == 'R' && c[1].ID == 'G' && c[2].ID == 'B' {
			d.Model = ModelRGB
		}
	case 4:
		d.Model = ModelCMYK
		if d.adobe && d.adobeTransform != 0 {
			d.Model = ModelYCCK
		}
	}
}

var (
	exifHeader = []byte("Exif\x00\x00")
	iccHeader  = []byte(iccSignature)
)

// payload returns what follows prefix in the first segment that has the marker m and begins with
// prefix. It returns nil if there is no such segment.
func (d *Reader) payload(m byte, prefix []byte) []byte {
	for _, s := range d.Segments {
		if s.Marker == m && bytes.HasPrefix(s.Data, prefix) {
			return s.Data[len(prefix):]
		}
	}
	return nil
}

// profile returns the ICC profile. If the profile is in one segment, the result is a part of the
// source; otherwise it is a new slice with all chunks. The result is nil if there is no profile, or
// if a chunk is missing, misnumbered or doubled before the profile is complete: the picture may
// still be usable without a profile. Chunks after a complete profile do not change the result. If
// one of them is not a copy of the chunk with the same number, the picture has a second profile,
// and hasSecond is true.
func (d *Reader) profile() (profile []byte, hasSecond bool) {
	var byNumber [256][]byte  // the chunks
	n, total, size := 0, 0, 0 // chunks read, chunks of the profile, bytes read
	for _, s := range d.Segments {
		if s.Marker != markerAPP2 || !bytes.HasPrefix(s.Data, iccHeader) {
			continue
		}
		data := s.Data[len(iccHeader):]
		if len(data) <= 2 { // an empty chunk
			continue
		}
		// A chunk begins with its number, from 1, and with how many chunks the profile has.
		number, count, data := int(data[0]), int(data[1]), data[2:]
		if total > 0 && n == total { // the profile is complete; copies of it are common
			isCopy := count == total && bytes.Equal(byNumber[number], data)
			hasSecond = hasSecond || !isCopy
			continue
		}
		misnumbered := number == 0 || number > count || (total != 0 && count != total)
		if misnumbered || byNumber[number] != nil {
			return nil, false
		}
		byNumber[number], total = data, count
		size += len(data)
		n++
	}
	switch {
	case n == 0 || n != total:
		return nil, false
	case n == 1:
		return byNumber[1], hasSecond
	}
	profile = make([]byte, 0, size)
	for _, c := range byNumber[1 : n+1] {
		profile = append(profile, c...)
	}
	return profile, hasSecond
}
