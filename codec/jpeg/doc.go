// Package jpeg reads and writes JPEG pictures (ITU T.81) at the speed and memory of the picture that is wanted, not of the picture that is there.
//
// The reader shrinks inside the inverse DCT: a component decoded at N/8, N = 1..8, costs the entropy decoding of its file and then only work
// and memory in proportion to the smaller picture. It hands out planes in bands of rows, each component in its own size.
//
//	d, err := jpeg.NewDecoder(src)       // headers only, up to the first scan
//	n := d.ChooseScale(w, h, cw, ch)     // or any N of your own, one per component
//	err = d.Decode(ctx, n, func(c, y int, rows []byte, stride, count int) error { ... })
//
// Decode, DecodeConfig and Encode are as in the standard library's image/jpeg.
//
// Where the chapters of T.81 are:
//
//	header.go       marker segments, B.2; APP segments: JFIF, Exif, ICC, Adobe
//	huffman.go      Huffman tables, annex C, F.2.2.3; and the combined tables made of them
//	bits.go         entropy-coded segments, B.1.1.5, F.2.2.5
//	scan.go         sequential scans, F.2
//	progressive.go  progressive scans, annex G
//	idct.go         dequantization and inverse DCT, A.3, at N x N
//	reader.go       frames to planes, A.1, A.2
package jpeg
