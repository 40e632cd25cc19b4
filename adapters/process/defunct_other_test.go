//go:build unix && !linux

package process_test

func defunct(int) bool { return false }
