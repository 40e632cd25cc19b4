package main

import "github.com/raftcheck/raftcheck/internal/nearest"

// didYouMean suggests the known name that is nearest to what was typed or begins with it, or gives the fallback hint.
var didYouMean = nearest.Hint
