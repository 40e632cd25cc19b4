package main

import "github.com/spf13/pflag"

func addAllow(flags *pflag.FlagSet, allow *string) {
	flags.StringVar(allow, "allow", "", "the verdict `inconclusive` ends with exit code 0")
}

// allowsInconclusive reads the value of --allow. Nothing else can be allowed: no flag hides a violation or an input error.
func allowsInconclusive(value string) (bool, error) {
	switch value {
	case "":
		return false, nil
	case "inconclusive":
		return true, nil
	}
	return false, usageError("only --allow inconclusive is known", "invalid value %q for --allow", value)
}
