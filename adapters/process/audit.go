package process

// auditEvery is how many steps of a program that loads go by between two of which are made again without loading.
const auditEvery = 16

// audit goes now and then through the whole history that led to an answer, from a start and without any load, and sees whether
// the answers are the same. A program that does not load goes through its histories anyway.
func (c *crew) audit(at, next *position, line, reply string) error {
	if !c.can.Load || c.steps%auditEvery != 1 {
		return nil
	}
	c.program.audits.Add(1)
	child, err := c.unused()
	if err != nil {
		return err
	}
	lines, way := at.linesAfter(nil)
	direct, err := c.ask(child, lines, way, line)
	if err != nil {
		return err
	}
	child.at = next
	if d := difference(reply, direct); d != "" {
		return c.wrong(line, "", "answers otherwise when it was loaded than when it went through all inputs since the start: "+d, hintState)
	}
	return nil
}
