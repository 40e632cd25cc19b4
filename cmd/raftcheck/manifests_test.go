package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/stretchr/testify/require"
)

// TestManifestsSayWhatTheCommandTakes holds the ready-made manifests to the flags that there are, and the shell scripts to the shell.
func TestManifestsSayWhatTheCommandTakes(t *testing.T) {
	var files []string
	for _, pattern := range []string{"examples/kubernetes/*.yaml", "examples/slurm/*.sh", "examples/github/fuzz.yml", "examples/github/gate-shards.yml", "examples/gitlab/*.yml", "action.yml", ".pre-commit-hooks.yaml", "Dockerfile*", ".goreleaser.yaml"} {
		found, err := filepath.Glob("../../" + pattern)
		require.NoError(t, err)
		require.NotEmpty(t, found, pattern)
		files = append(files, found...)
	}
	command := regexp.MustCompile(`raftcheck (fuzz|merge|gate|verify|check|completion|man) ((?:[^\n\\]|\\\n)*)`)
	flag := regexp.MustCompile(`(?:^|\s)--([a-z-]+)`)
	a := &app{term: newTerminal(&bytes.Buffer{}, &bytes.Buffer{}, os.LookupEnv)}
	for _, file := range files {
		data, err := os.ReadFile(file)
		require.NoError(t, err)
		commands := command.FindAllStringSubmatch(string(data), -1)
		require.NotEmpty(t, commands, file)
		for _, c := range commands {
			verb, _, err := newRoot(a).Find([]string{c[1]})
			require.NoError(t, err)
			flags := flag.FindAllStringSubmatch(c[2], -1)
			require.True(t, strings.Contains(" "+c[2], " -") || !slices.Contains([]string{"fuzz", "merge"}, c[1]), "%s: %s", file, c[0])
			for _, f := range flags {
				require.NotNil(t, verb.Flags().Lookup(f[1]), "%s: %s has no flag --%s", file, c[1], f[1])
			}
		}
		if shell, err := exec.LookPath("bash"); err == nil && strings.HasSuffix(file, ".sh") {
			out, err := exec.Command(shell, "-n", file).CombinedOutput()
			require.NoError(t, err, string(out))
		}
	}
}

// TestShardsOfASlurmArray runs the scripts as Slurm would, with a short campaign and a small gate.
func TestShardsOfASlurmArray(t *testing.T) {
	shell, err := exec.LookPath("bash")
	require.NoError(t, err, "the README's test command needs bash too")
	self, err := os.Executable()
	require.NoError(t, err)
	dir := t.TempDir()
	require.NoError(t, os.Mkdir(filepath.Join(dir, "bin"), 0o777))
	require.NoError(t, os.Symlink(self, filepath.Join(dir, "bin", "raftcheck"))) // TestMain runs the command under that name
	trace, err := os.ReadFile("../../examples/etcd.ndjson.gz")
	require.NoError(t, err)
	for _, name := range []string{"a", "b", "c"} {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name+".ndjson.gz"), trace, 0o666))
	}
	require.NoError(t, os.WriteFile(filepath.Join(dir, "raftcheck.yaml"), []byte("version: 1\nchecks:\n  - verify: \"*.ndjson.gz\"\n"), 0o666))
	examples, err := filepath.Abs("../../examples/slurm")
	require.NoError(t, err)
	run := func(script string, env ...string) string {
		text, err := os.ReadFile(filepath.Join(examples, script))
		require.NoError(t, err)
		short := strings.ReplaceAll(string(text), "--for 1h", "--runs 600 --allow inconclusive")
		cmd := exec.Command(shell, "-c", short)
		cmd.Dir = dir
		cmd.Env = append(append(os.Environ(), "PATH="+filepath.Join(dir, "bin")+":"+os.Getenv("PATH"), "SLURM_ARRAY_TASK_COUNT=2", "SLURM_CPUS_PER_TASK=1"), env...)
		out, err := cmd.CombinedOutput()
		require.NoError(t, err, string(out))
		return string(out)
	}
	for _, job := range []string{"fuzz.sh", "gate.sh"} {
		for _, task := range []string{"1", "2"} {
			run(job, "SLURM_ARRAY_TASK_ID="+task)
		}
	}
	require.Contains(t, run("merge.sh"), "rules held in 600 random executions")
	require.Contains(t, run("gate-merge.sh"), "rules held in 3 traces")
}

// TestEvictedShardsGiveWhatTheyHad ends the shell of every shard by SIGTERM, as a scheduler does that takes the machine away. raftcheck, which another program stands for, gets it
// too, and has time to write what it had; the shard has failed then, and is made again.
func TestEvictedShardsGiveWhatTheyHad(t *testing.T) {
	shell, err := exec.LookPath("bash")
	require.NoError(t, err, "the README's test command needs bash too")
	scripts := map[string]string{}
	for _, file := range []string{"kubernetes/fuzz.yaml", "kubernetes/gate.yaml", "slurm/fuzz.sh", "slurm/gate.sh"} {
		text, err := os.ReadFile("../../examples/" + file)
		require.NoError(t, err)
		scripts[file] = string(text)
		if strings.HasSuffix(file, ".yaml") {
			scripts[file] = jobCommand(t, text)
		}
	}
	for file, script := range scripts {
		t.Run(file, func(t *testing.T) {
			dir := t.TempDir()
			stub := "#!" + shell + "\ntrap 'echo half >" + dir + "/had; exit 3' TERM\necho begun\nwhile :; do sleep 0.1; done\n"
			require.NoError(t, os.WriteFile(filepath.Join(dir, "raftcheck"), []byte(stub), 0o700))
			for _, folder := range []string{"/tmp", "/gate", "/traces", "/results"} {
				require.NoError(t, os.MkdirAll(dir+folder, 0o777))
				script = regexp.MustCompile(`(^|[ ="])`+folder+`\b`).ReplaceAllString(script, "${1}"+dir+folder)
			}
			require.NoError(t, os.WriteFile(dir+"/gate/raftcheck.yaml", nil, 0o600))
			cmd := exec.Command(shell, "-c", script)
			cmd.Dir = dir
			cmd.Env = append(os.Environ(), "PATH="+dir+":"+os.Getenv("PATH"), "SEED=1", "SHARDS=2", "JOB_COMPLETION_INDEX=0", "SLURM_ARRAY_TASK_ID=1", "SLURM_ARRAY_TASK_COUNT=2", "SLURM_CPUS_PER_TASK=1")
			out, err := cmd.StdoutPipe()
			require.NoError(t, err)
			require.NoError(t, cmd.Start())
			_, err = io.ReadFull(out, make([]byte, len("begun\n")))
			require.NoError(t, err)
			require.NoError(t, cmd.Process.Signal(syscall.SIGTERM))
			require.Error(t, cmd.Wait())
			require.Equal(t, 143, cmd.ProcessState.ExitCode())
			require.FileExists(t, dir+"/had")
		})
	}
}

// jobCommand is the shell's script in the first container of a manifest's job.
func jobCommand(t *testing.T, manifest []byte) string {
	t.Helper()
	documents := yaml.NewDecoder(bytes.NewReader(manifest))
	for {
		var job struct {
			Kind string
			Spec struct {
				Template struct {
					Spec struct {
						Containers []struct{ Command []string }
					}
				}
			}
		}
		require.NoError(t, documents.Decode(&job))
		if job.Kind == "Job" {
			return job.Spec.Template.Spec.Containers[0].Command[2]
		}
	}
}

// TestWhatIsGivenToHandFitsTogether holds the workflow to the inputs of the action, and the problem matcher to what is printed.
func TestWhatIsGivenToHandFitsTogether(t *testing.T) {
	read := func(file string, into any) {
		data, err := os.ReadFile("../../" + file)
		require.NoError(t, err)
		require.NoError(t, yaml.UnmarshalWithOptions(data, into, yaml.Strict(), yaml.AllowDuplicateMapKey()), file)
	}
	var action struct {
		Name, Description, Author string
		Branding                  map[string]string
		Inputs, Outputs           map[string]map[string]string
		Runs                      struct {
			Using string
			Steps []map[string]any
		}
	}
	read("action.yml", &action)
	require.Equal(t, "composite", action.Runs.Using)
	for _, step := range action.Runs.Steps {
		require.Equal(t, "bash", step["shell"], "a step of a composite action says its shell")
		if shell, err := exec.LookPath("bash"); err == nil {
			out, err := exec.Command(shell, "-n", "-c", step["run"].(string)).CombinedOutput()
			require.NoError(t, err, string(out))
		}
	}
	var workflow map[string]any
	read("examples/github/gate.yml", &workflow)
	uses := 0
	for _, step := range workflow["jobs"].(map[string]any)["gate"].(map[string]any)["steps"].([]any) {
		if s := step.(map[string]any); strings.HasPrefix(fmt.Sprint(s["uses"]), "raftcheck/") {
			uses++
			for name := range s["with"].(map[string]any) {
				require.Contains(t, action.Inputs, name)
			}
		}
	}
	require.Equal(t, 1, uses)
	var hooks []map[string]any
	read(".pre-commit-hooks.yaml", &hooks)
	require.Len(t, hooks, 2)
	var gitlab, release map[string]any
	read("examples/gitlab/raftcheck.gitlab-ci.yml", &gitlab)
	read(".goreleaser.yaml", &release)
}

func TestProblemMatcherMatchesWhatIsPrinted(t *testing.T) {
	data, err := os.ReadFile("../../examples/github/problem-matcher.json")
	require.NoError(t, err)
	var matcher struct {
		ProblemMatcher []struct {
			Owner   string
			Pattern []struct{ Regexp string }
		}
	}
	require.NoError(t, json.Unmarshal(data, &matcher))
	pattern := regexp.MustCompile(matcher.ProblemMatcher[0].Pattern[0].Regexp)
	var out bytes.Buffer
	require.Equal(t, 1, run([]string{"verify", "../../examples/votes.ndjson"}, strings.NewReader(""), &out, &out))
	var found [][]string
	for line := range strings.Lines(out.String()) {
		if m := pattern.FindStringSubmatch(strings.TrimSuffix(line, "\n")); m != nil {
			found = append(found, m)
		}
	}
	require.Len(t, found, 1, "it matches the first line of a finding and no other")
	require.Equal(t, []string{"../../examples/votes.ndjson", "5"}, found[0][1:3])
	require.Equal(t, "durable-before-send", found[0][4])
}
