//go:build !unix

package main

import "os"

// columnsOf is how wide the terminal is that a file is; 0 where that is not known.
func columnsOf(*os.File) int { return 0 }
