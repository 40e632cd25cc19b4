package offspring

import "syscall"

// dieWithUs has the kernel kill a program when the thread that started it ends.
func dieWithUs(attributes *syscall.SysProcAttr) { attributes.Pdeathsig = syscall.SIGKILL }
