package sizes
