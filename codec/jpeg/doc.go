// Package jpeg reads and writes JPEG pictures (ITU T.81). The time and memory that reading takes
// depend more on the size that is wanted than on the size of the picture in the file.
//
//	err := jpeg.Encode(w, m, &jpeg.Options{Quality: 80}) // nil is quality 75
//	d, err := jpeg.NewReader(src)       // headers only, up to the first scan
//	n := d.ChooseScale(w, h, cw, ch)     // an N for each component; others may be chosen
//	err = d.Decode(ctx, n, func(c, y int, rows []byte, stride, count int) error { ... })
//
// The reader shrinks inside the inverse DCT: it decodes a component at N/8, N = 1..8. It reads all
// entropy-coded data at every N; only in a progressive file, it skips the scans that N does not
// need. All other work and the memory are in proportion to the smaller picture. The reader hands
// out planes in bands of rows. Each component has its own size.
//
// The functions Decode, DecodeConfig and Encode correspond to those of the standard library's
// image/jpeg.
//
// The files of the reader, with the chapters of T.81 that they implement:
//
//	header.go       marker segments, B.2; APP segments: JFIF, Exif, ICC, Adobe
//	huffman.go      Huffman tables, annex C, F.2.2.3; and the look-up tables made of them
//	standard.go     the tables of annex K.3, for files that have none
//	bits.go         entropy-coded segments, B.1.1.5, F.2.2.5
//	scan.go         sequential scans, F.2
//	progressive.go  progressive scans, annex G
//	idct.go         dequantization and inverse DCT, A.3, at N x N
//	reader.go       frames to planes, A.1, A.2
//	choose.go       which N for which target
//	idct8.go        the inverse DCT at 8 x 8
//	color.go        Y'CbCr to RGB, ITU T.871
//	decode.go       what package image knows: Decode, DecodeConfig
//	strip.go        a file without its metadata
//
// The files of the writer:
//
//	writer.go         frames to blocks, A.1, A.2
//	writer_source.go  pixels to planes, ITU T.871
//	fdct.go           forward DCT and quantization, A.3
//	writer_quant.go   quantization tables, A.3.4
//	writer_weight.go  how much of an error a block's texture hides
//	writer_trellis.go choice of quantized coefficients by rate and distortion
//	huffenc.go        Huffman tables fitted to the picture, annex K.2
//	writer_scan.go    scans, F.1, annex G
//	writer_header.go  marker segments, B.2
//
// A file for both reader and writer:
//
//	jpeg.go           errors and markers, table B.1
//
// The kernels in Go are in idct_generic.go, idct8.go, color.go, fdct.go and writer_source.go. Their
// AVX2 versions are in *_amd64.s, which _asm generates. kernels_amd64.go chooses between the two.
// Both give the same bytes.
package jpeg
