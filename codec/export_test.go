package codec

// AddFormat adds a row to the table for a test, which has to call the function that it returns.
func AddFormat(f *Format) (remove func()) {
	formats = append(formats, f)
	return func() { formats = formats[:len(formats)-1] }
}
