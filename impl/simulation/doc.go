// Package simulation measures elections on a clock that it makes up: the reference Raft with the timers of package impl/runtime, over a
// network whose delays are drawn, thousands of elections a second. The same [Config] always gives the same result.
//
// [Elections] crashes a leader again and again and measures how long the others take to detect and replace it, as the Raft paper does
// in 9.3. [Figure16] is the paper's experiment, [Summarize] its numbers and [Plot] its figure.
package simulation
