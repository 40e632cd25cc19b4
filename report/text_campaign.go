package report

import (
	"fmt"
	"slices"
	"strings"
)

// campaignPass says what held, in how many executions of what world.
func (t *text) campaignPass() {
	c := t.r.Campaign
	t.line("%s   %s held in %s (%s) of %s   %s", t.Good("ok"), Some(t.rulesThat("held"), "rule"), Some(c.Runs, "random execution"), Some(c.Steps, "step"),
		t.r.Subject, t.Faint(Seconds(c.Seconds)))
	t.below("world: ", t.world())
	t.covered()
	t.goals()
	t.notCovered()
}

// covered says how far a campaign came.
func (t *text) covered() {
	c := t.r.Campaign
	rate := ""
	if c.Seconds >= 1 {
		rate = fmt.Sprintf(", %s steps a second", Short(uint64(float64(c.Steps)/c.Seconds)))
	}
	t.below("seen: ", fmt.Sprintf("about %s of one server, about %s of all servers together, %s; executions of up to %s%s",
		Some(c.States, "state"), Some(c.Vectors, "state"), Some(c.Events, "kind")+" of steps", Some(c.Longest, "step"), rate))
	var parts []string
	for _, s := range c.Strategies {
		parts = append(parts, fmt.Sprintf("%s %s (%s with something new)", s.Name, Some(s.Runs, "run"), Count(s.New)))
	}
	if len(parts) > 0 {
		t.below("strategies: ", strings.Join(parts, ", "))
	}
	t.parts()
	t.below("seed: ", t.again())
}

// parts says what was merged.
func (t *text) parts() {
	c := t.r.Campaign
	if len(c.Parts) == 0 {
		return
	}
	var said []string
	for _, p := range c.Parts {
		said = append(said, fmt.Sprintf("%d %s after %s", p.Shard, p.Verdict, Some(p.Runs, "run")))
	}
	t.below("shards: ", strings.Join(said, ", "))
}

// again says how to repeat the campaign.
func (t *text) again() string {
	c := t.r.Campaign
	s := fmt.Sprint(t.r.Seed)
	if c.Shards > 1 && len(c.Parts) == 0 {
		s += fmt.Sprintf(", shard %d/%d", c.Shard, c.Shards)
	}
	if c.Found != nil {
		return fmt.Sprintf("%s; the same command with --seed %d --runs %d comes to the same finding", s, t.r.Seed, c.Found.Run+1)
	}
	return fmt.Sprintf("%s; the same command with --seed %d --runs %d makes the same executions again", s, t.r.Seed, c.total())
}

// total is how many runs the whole campaign had when this many were made, so that repeating it makes them all.
func (c *Campaign) total() uint64 {
	if len(c.Parts) > 0 {
		most := slices.MaxFunc(c.Parts, func(a, b Part) int { return int(a.Runs) - int(b.Runs) })
		return most.Runs * uint64(c.Shards)
	}
	if c.Shards > 1 && c.Runs > 0 {
		return (c.Runs-1)*uint64(c.Shards) + uint64(c.Shard)
	}
	return c.Runs
}

// campaignFinding says where in a campaign a finding comes from.
func (t *text) campaignFinding(f *Finding) {
	c := t.r.Campaign
	if c.Found != nil {
		t.paragraph(fmt.Sprintf("Found by %s number %s, after %s in %s; shortened from %s to %d.", c.Found.Strategy+" run", Count(c.Found.Run),
			Some(c.Steps, "step"), Seconds(c.Seconds), Some(c.Found.Steps, "step"), f.Steps))
		t.paragraph(fmt.Sprintf("World: %s, %s; seed %s.", t.r.Subject, t.world(), t.again()))
	}
}
