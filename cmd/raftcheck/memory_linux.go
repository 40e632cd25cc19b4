package main

import "syscall"

// machineMemory returns how much memory the machine has, in bytes; 0 if it does not say.
func machineMemory() size {
	var info syscall.Sysinfo_t
	if syscall.Sysinfo(&info) != nil {
		return 0
	}
	return size(uint64(info.Totalram) * uint64(info.Unit))
}
