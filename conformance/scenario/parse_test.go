package scenario

import (
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/require"
)

// What is wrong with a script is said at its line.
func TestScriptsThatAreMalformed(t *testing.T) {
	const head = "scenario one: A server does it.\n  paper 5.2\n"
	for script, wrong := range map[string]string{
		"  timeout\n":                     "R5.2-03.txt:1: ",
		"# nothing\n":                     "R5.2-03.txt:1: there is no scenario",
		"scenario One: x.\n  paper 5.2\n": "R5.2-03.txt:1: a scenario begins with its name",
		head + "  timeout\n  must RequestVote to=n2\n" + head + "  timeout\n  must RequestVote\n": `R5.2-03.txt:5: the scenario "one" is there already, at line 1`,
		"scenario one: A server does it.\n  timeout\n  must RequestVote\n":                        "nothing says where it is written",
		head + "  timeout\n":                                       "it expects nothing",
		head + "  timeout\n  must not RequestVote\n":               "let it need something",
		head + "  timeuot\n  must RequestVote\n":                   `R5.2-03.txt:3: "timeuot" is nothing that a script says`,
		head + "  given king\n  must RequestVote\n":                `R5.2-03.txt:3: there is no prelude "king"`,
		head + "  given voted\n  must RequestVote\n":               `R5.2-03.txt:3: the prelude "voted" takes 1 arguments`,
		head + "  needs wings\n  timeout\n  must RequestVote\n":    `"wings" is neither a variant nor a feature`,
		head + "  servers 9\n  timeout\n  must RequestVote\n":      `R5.2-03.txt:3: "9" servers: between 1 and 7`,
		head + "  n2: RequestVote tern=1\n  must RequestVote\n":    `R5.2-03.txt:3: "tern" is no field of it`,
		head + "  n2: RequestVote term=x\n  must RequestVote\n":    `R5.2-03.txt:3: nothing is called "x" here`,
		head + "  m2: RequestVote term=1\n  must RequestVote\n":    `R5.2-03.txt:3: "m2" is not a server`,
		head + "  timeout\n  must RequestVote unless haste\n":      `R5.2-03.txt:4: there is no variant "haste"`,
		head + "  crash during must RequestVote\n":                 "nothing during which it could crash",
		head + "  timeout\n  may shows term=1\n  must RequestVote": "R5.2-03.txt:4: only messages may or may not be sent",
	} {
		files := fstest.MapFS{
			"s/preludes.txt":   {Data: []byte("prelude voted TERM\n  n2: RequestVote term=$TERM\n")},
			"s/features.txt":   {Data: nil},
			"s/unscripted.txt": {Data: nil},
			"s/R5.2-03.txt":    {Data: []byte(script)},
		}
		_, err := read(files, "s")
		require.ErrorContains(t, err, wrong, script)
	}
}
