package linearizability

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestValuesArePrintedAsTheyAreRead: what edn prints is read as the same value.
func TestValuesArePrintedAsTheyAreRead(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	var some func(depth int) Value
	some = func(depth int) Value {
		switch n := r.IntN(6); {
		case n == 0 && depth > 0:
			return Absent
		case n == 1 && depth < 4:
			return List(some(depth+1), some(depth+1))
		case n == 2:
			return Literal([]string{"1", "-7", "1.5", ":k", "true", "#{1 2}", "{:a [1]}", `\n`, "##Inf", "1/2"}[r.IntN(10)])
		}
		text := make([]rune, r.IntN(5))
		for k := range text {
			text[k] = []rune("a\"\\\n\t\x00\x1b\x7f é\u2028\U0001F600[]{}")[r.IntN(16)]
		}
		return Text(string(text))
	}
	for range 2000 {
		v := some(0)
		again, err := ParseValue(v.edn())
		require.NoError(t, err, v.edn())
		require.Equal(t, v, again, v.edn())
	}
}
