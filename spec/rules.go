package spec

// Rules lists every rule of the rulebook that is implemented, in the rulebook's order.
var Rules []*Rule
