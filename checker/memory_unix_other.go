//go:build unix && !linux

package checker

func adviseHuge([]byte) {}
