//go:build !linux

package main

// machineMemory returns how much memory the machine has, in bytes; 0 if it does not say.
func machineMemory() size { return 0 }
