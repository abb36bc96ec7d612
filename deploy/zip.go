package main

import (
	"archive/zip"
	"fmt"
	"os"
)

// maxZip is the largest zip of an origin-request function (Lambda@Edge quotas),
// in bytes. A regional function may have as much when it is uploaded directly.
const maxZip = 50 << 20

// checkZip says what is wrong with a function's code before CloudFormation
// does, half an hour later. Each of files must be in it and executable: Lambda
// starts the binary, and Python reads the module.
func checkZip(path, how string, files ...string) error {
	info, err := os.Stat(path)
	if err != nil {
		return fmt.Errorf("the function's code is missing: %w; make it in the folder above with: %s", err, how)
	}
	if info.Size() > maxZip {
		return fmt.Errorf("%s has %d bytes, over the limit of %d", path, info.Size(), maxZip)
	}
	z, err := zip.OpenReader(path)
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	defer z.Close()
	for _, name := range files {
		i := -1
		for j, f := range z.File {
			if f.Name == name {
				i = j
			}
		}
		if i < 0 {
			return fmt.Errorf("%s holds no %s", path, name)
		}
		if z.File[i].Mode()&0o555 != 0o555 {
			return fmt.Errorf("%s: %s is not executable", path, name)
		}
	}
	return nil
}
