// Command mistaken runs a server of raftcheck --exec behind an adapter that makes one mistake: mistaken MISTAKE PROGRAM.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"log"
	"math/rand/v2"
	"os"
	"os/exec"
	"time"
)

// answer is a line of the server, as far as mistakes are about it.
type answer map[string]any

// beats says, in no state, that the server was given a heartbeat since it was started.
var beats bool

// mistakes spoil an answer. before is the one before it; nil after a start.
var mistakes = map[string]func(event string, now, before answer) answer{
	"refuses": func(_ string, now, before answer) answer {
		if before == nil {
			return now
		}
		return answer{"refused": true}
	},
	"half-state": func(event string, now, before answer) answer {
		beats = before != nil && (beats || event == "heartbeat")
		if post, is := now["post"].(map[string]any); is && beats && post["role"] == "candidate" {
			now["effects"] = now["effects"].([]any)[:1] // it was given a heartbeat before, and nothing in its state says so
		}
		return now
	},
	"clock": func(_ string, now, _ answer) answer {
		if state, is := now["state"].(map[string]any); is {
			state["now"] = time.Now().UnixMilli()
		}
		return now
	},
	"stale": func(_ string, now, before answer) answer {
		if before != nil && now["refused"] == nil {
			shown := answer{}
			for field, value := range now {
				shown[field] = value
			}
			shown["post"] = before["post"]
			return shown
		}
		return now
	},
	"map-order": func(_ string, now, _ answer) answer {
		if effects, is := now["effects"].([]any); is && len(effects) > 2 {
			sent := effects[len(effects)-2:]
			rand.Shuffle(2, func(i, j int) { sent[i], sent[j] = sent[j], sent[i] })
		}
		return now
	},
	"panics": func(_ string, now, before answer) answer {
		if before != nil {
			panic("index out of range")
		}
		return now
	},
}

func main() {
	spoil, known := mistakes[os.Args[1]]
	if !known {
		log.Fatalf("no mistake %q", os.Args[1])
	}
	server := exec.Command(os.Args[2])
	in, err := server.StdinPipe()
	if err != nil {
		log.Fatal(err)
	}
	out, err := server.StdoutPipe()
	if err != nil {
		log.Fatal(err)
	}
	if err := server.Start(); err != nil {
		log.Fatal(err)
	}
	lines, answers := bufio.NewScanner(os.Stdin), bufio.NewScanner(out)
	answers.Buffer(nil, 1<<20)
	lines.Buffer(nil, 1<<20)
	var before answer
	for lines.Scan() {
		var asked struct{ Event string }
		_ = json.Unmarshal(lines.Bytes(), &asked) // the server says what is wrong with it
		if asked.Event == "start" {
			before = nil
		}
		fmt.Fprintln(in, lines.Text())
		if !answers.Scan() {
			os.Exit(1)
		}
		var now answer
		if err := json.Unmarshal(answers.Bytes(), &now); err != nil {
			log.Fatal(err)
		}
		if now["can"] != nil {
			now["can"] = []string{"start"}
		}
		said, err := json.Marshal(spoil(asked.Event, now, before))
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(string(said))
		if now["refused"] == nil {
			before = now
		}
	}
}
