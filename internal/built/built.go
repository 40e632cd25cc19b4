// Package built says from what this program was built.
package built

import "runtime/debug"

// Version returns the version of the module that was built, "devel" outside a release. It takes what debug.ReadBuildInfo returns.
func Version(info *debug.BuildInfo, known bool) string {
	if !known || info.Main.Version == "" || info.Main.Version == "(devel)" {
		return "devel"
	}
	return info.Main.Version
}

// Maker names this program as whatever it writes for itself does.
func Maker() string {
	info, known := debug.ReadBuildInfo()
	name := "raftcheck " + Version(info, known)
	if known {
		for _, s := range info.Settings {
			if s.Key == "vcs.revision" {
				name += " " + s.Value
			}
		}
	}
	return name
}
