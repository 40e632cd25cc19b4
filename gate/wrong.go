package gate

import (
	"fmt"
	"slices"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/santhosh-tekuri/jsonschema/v6/kind"
	"golang.org/x/text/language"
	"golang.org/x/text/message"
)

// typeWords are the types of JSON Schema in the words of a person who writes YAML.
var typeWords = map[string]string{
	"null": "nothing", "string": "a text", "number": "a number", "integer": "a whole number", "boolean": "true or false", "array": "a list", "object": "a mapping",
}

func typeWord(name string) string {
	if word, known := typeWords[name]; known {
		return word
	}
	return name
}

// wrong says what is wrong with what stands at a key, and what to do. An element of a list has a number for a name.
func wrong(name string, k jsonschema.ErrorKind) (words, hint string) {
	hint = patternHint(name)
	switch k := k.(type) {
	case *kind.Required:
		words, hint = strings.Join(k.Missing, ", ")+" is missing", missingHint(k.Missing)
		if len(k.Missing) > 1 {
			words = strings.Join(k.Missing[:len(k.Missing)-1], ", ") + " and " + k.Missing[len(k.Missing)-1] + " are missing"
		}
	case *kind.MinItems:
		words, hint = "the list is empty", nothingHint(name)
		if k.Got > 0 {
			words, hint = fmt.Sprintf("%d of at least %d", k.Got, k.Want), ""
		}
	case *kind.MaxItems:
		words = fmt.Sprintf("%d, and at most %d are meant", k.Got, k.Want)
	case *kind.MinLength:
		words, hint = "the text is empty", nothingHint(name)
	case *kind.Type:
		var wanted []string
		for _, w := range k.Want {
			wanted = append(wanted, typeWord(w))
		}
		words = fmt.Sprintf("%s stands where %s belongs", typeWord(k.Got), strings.Join(wanted, " or "))
		if k.Got == "null" {
			words, hint = "nothing stands there", nothingHint(name)
		}
	case *kind.Const:
		words, hint = fmt.Sprintf("%v stands where %v belongs", k.Got, k.Want), fmt.Sprintf("%s: %v", name, k.Want)
	default:
		words = k.LocalizedString(message.NewPrinter(language.English))
	}
	if name != "" && strings.Trim(name, "0123456789") != "" {
		words = name + ": " + words
	}
	return words, hint
}

// missingHint shows how what is missing is written.
func missingHint(missing []string) string {
	if len(missing) > 1 {
		return ""
	}
	if missing[0] == "version" {
		return "the file begins with version: 1"
	}
	return nothingHint(missing[0])
}

// nothingHint shows what is written at a key at which nothing stands, or tells to leave it out.
func nothingHint(name string) string {
	switch name {
	case "checks":
		return "raftcheck gate --init writes a file with all kinds of checks"
	case "verify", "linearize", "replay", "traces", "histories":
		return "name the files, as in testdata/traces/*.ndjson"
	case "diff", "impl":
		return "name the two, as in [etcd@v3.5.35, etcd@v3.6.0]"
	case "rule", "subject", "reason", "expires", "fingerprint":
		return "raftcheck gate --update-known writes it"
	}
	return "say what, or leave it out"
}

// neither is what is told of a value that fits none of the forms that it may have.
func (d *document) neither(at string, e *jsonschema.ValidationError) placed {
	name := lastOf(at)
	nothing := slices.ContainsFunc(flat(e), func(leaf *jsonschema.ValidationError) bool {
		k, isType := leaf.ErrorKind.(*kind.Type)
		return isType && k.Got == "null" && len(leaf.InstanceLocation) == len(e.InstanceLocation)
	})
	switch {
	case strings.Count(at, "/") == 2 && strings.HasPrefix(at, "/checks/"):
		return d.fault(at, "a check has exactly one of "+strings.Join(Verbs, ", "), "")
	case nothing:
		return d.fault(at, name+": nothing stands there", nothingHint(name))
	}
	if name != "" {
		name += ": "
	}
	return d.fault(at, name+"neither of the forms that it may have", "docs/gate.md shows them")
}

func patternHint(name string) string {
	switch name {
	case "expires":
		return "a day, as in 2027-01-31"
	case "fingerprint":
		return "sixteen digits and letters a to f as raftcheck prints them, in quotes if all are digits"
	case "for", "exec-limit":
		return "as in 30s or 10m"
	}
	return ""
}
