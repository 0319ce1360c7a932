package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"go.yaml.in/yaml/v4"
)

// exampleRuns stands for the 1,000 runs of the examples in the tests.
const exampleRuns = 12

// An example is a file in examples/ that is tried: its shards, one after the other, with
// the environment that the engine gives them, and then its merge.
type example struct {
	t      *testing.T
	dir    string // where its commands run
	shards int
}

func newExample(t *testing.T, shards int) *example {
	t.Helper()
	if raced {
		t.Skip("its commands are processes of their own, a dozen, each of which takes a second to begin")
	}
	return &example{t, t.TempDir(), shards}
}

func exampleText(t *testing.T, name string) string {
	t.Helper()
	return read(t, filepath.Join("..", "..", "examples", name))
}

// documents are those of a YAML file.
func documents[T any](t *testing.T, name string) []T {
	t.Helper()
	var all []T
	d := yaml.NewDecoder(strings.NewReader(exampleText(t, name)))
	d.KnownFields(true)
	for {
		var one T
		if err := d.Decode(&one); err == io.EOF {
			return all
		} else if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		all = append(all, one)
	}
}

// sh runs a command of the example with a shell, few runs in place of many.
func (e *example) sh(command string, environment ...string) string {
	e.t.Helper()
	command = strings.ReplaceAll(command, "--runs 1000", fmt.Sprintf("--runs %d", exampleRuns))
	command = strings.ReplaceAll(command, "/results", filepath.Join(e.dir, "results"))
	cmd := exec.Command("bash", "-euc", command)
	cmd.Dir, cmd.Env = e.dir, append(os.Environ(), environment...)
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Run(); err != nil {
		e.t.Fatalf("%s: %v: %s", command, err, &errs)
	}
	return out.String()
}

// shard runs a shard's command, and sees that it was one of so many.
func (e *example) shard(i int, command string, environment ...string) {
	e.t.Helper()
	if got, want := e.sh(command, environment...), fmt.Sprintf("shard %d/%d: ", i+1, e.shards); !strings.HasPrefix(got, want) {
		e.t.Errorf("%s says %q, not %s", command, got, want)
	}
}

// merge runs the merge's command. It says what one machine does, and writes the same.
func (e *example) merge(command string, files ...string) {
	e.t.Helper()
	said := e.sh(command)
	alone := *e
	alone.dir = e.t.TempDir()
	flags := ""
	for i := 0; i < len(files); i += 2 {
		flags += " " + files[i] + " " + filepath.Base(files[i+1])
	}
	if want := alone.sh("cascade run slow-dependency --runs 1000" + flags); said != want {
		e.t.Errorf("the merge says otherwise than one machine %s", firstDifference(said, want))
	}
	for i := 1; i < len(files); i += 2 {
		got, want := read(e.t, filepath.Join(e.dir, files[i])), read(e.t, filepath.Join(alone.dir, filepath.Base(files[i])))
		if got != want {
			e.t.Errorf("%s is another than that of one machine %s", files[i], firstDifference(got, want))
		}
	}
}

// words is a command line of words.
func words(command []string) string {
	var all []string
	for _, w := range command {
		all = append(all, quoted(w))
	}
	return strings.Join(all, " ")
}

type githubStep struct {
	Uses, Run, If string
	With, Env     map[string]string
}

func TestExampleGitHub(t *testing.T) {
	type leg struct {
		RunsOn    string `yaml:"runs-on"`
		Container string
		Needs     string
		Strategy  struct{ Matrix struct{ Part []int } }
		Steps     []githubStep
	}
	w := documents[struct {
		Name, On    string
		Permissions map[string]string
		Jobs        struct{ Shard, Merge leg }
	}](t, "github.yml")[0]
	shard, merge := w.Jobs.Shard, w.Jobs.Merge
	if merge.Needs != "shard" || merge.Container != shard.Container {
		t.Errorf("merge needs %q, in %s", merge.Needs, merge.Container)
	}
	e := newExample(t, len(shard.Strategy.Matrix.Part))
	artifacts := map[string]string{} // directories, by name
	for i := range e.shards {
		machine := &example{t, t.TempDir(), e.shards}
		said := strings.NewReplacer("${{ strategy.job-index }}", fmt.Sprint(i), "${{ strategy.job-total }}", fmt.Sprint(e.shards))
		for _, step := range shard.Steps {
			if step.Run != "" {
				var env []string
				for name, value := range step.Env {
					env = append(env, name+"="+said.Replace(value))
				}
				machine.shard(i, step.Run, env...)
			}
			if strings.HasPrefix(step.Uses, "actions/upload-artifact@") {
				artifacts[said.Replace(step.With["name"])] = filepath.Join(machine.dir, step.With["path"])
			}
		}
	}
	if len(artifacts) != e.shards {
		t.Fatalf("there are %d artifacts of %d shards", len(artifacts), e.shards)
	}
	t.Setenv("GITHUB_STEP_SUMMARY", filepath.Join(e.dir, "step-summary.md"))
	for _, step := range merge.Steps {
		switch {
		case strings.HasPrefix(step.Uses, "actions/download-artifact@"):
			if step.With["merge-multiple"] != "true" {
				t.Errorf("the artifacts are not put into one directory")
			}
			for name, dir := range artifacts {
				if matched, err := filepath.Match(step.With["pattern"], name); err != nil || !matched {
					t.Errorf("%s is not downloaded", name)
				}
				overlay(t, filepath.Join(e.dir, step.With["path"]), dir)
			}
		case strings.HasPrefix(step.Run, "cascade merge"):
			e.merge(step.Run, "--junit", "junit.xml", "--markdown", "summary.md", "--html", "report.html")
		case step.Run != "":
			e.sh(step.Run)
		}
	}
	if read(t, filepath.Join(e.dir, "step-summary.md")) != read(t, filepath.Join(e.dir, "summary.md")) {
		t.Error("the step's summary is not that of the merge")
	}
}

// overlay copies a directory over another, as artifacts are unpacked.
func overlay(t *testing.T, to, from string) {
	t.Helper()
	err := filepath.WalkDir(from, func(path string, d os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name, err := filepath.Rel(from, path)
		if err != nil || d.IsDir() {
			return err
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		if err := os.MkdirAll(filepath.Dir(filepath.Join(to, name)), 0o777); err != nil {
			return err
		}
		return os.WriteFile(filepath.Join(to, name), text, 0o666)
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestExampleGitLab(t *testing.T) {
	type leg struct {
		Stage, Image string
		Parallel     int
		Script       []string
		Artifacts    struct {
			When     string
			Paths    []string
			ExpireIn string `yaml:"expire_in"`
			Reports  struct{ JUnit string }
		}
	}
	w := documents[struct {
		Stages       []string
		Shard, Merge leg
	}](t, "gitlab.yml")[0]
	if fmt.Sprint(w.Stages) != fmt.Sprint([]string{w.Shard.Stage, w.Merge.Stage}) {
		t.Errorf("the stages are %q", w.Stages)
	}
	e := newExample(t, w.Shard.Parallel)
	for i := range e.shards {
		machine := &example{t, t.TempDir(), e.shards}
		machine.shard(i, strings.Join(w.Shard.Script, "\n"), fmt.Sprintf("CI_NODE_INDEX=%d", i+1), fmt.Sprintf("CI_NODE_TOTAL=%d", e.shards))
		for _, path := range w.Shard.Artifacts.Paths {
			overlay(t, filepath.Join(e.dir, path), filepath.Join(machine.dir, path))
		}
	}
	e.merge(strings.Join(w.Merge.Script, "\n"), "--junit", w.Merge.Artifacts.Reports.JUnit, "--markdown", "summary.md", "--html", "report.html")
}

func TestExampleKubernetes(t *testing.T) {
	type pod struct {
		RestartPolicy string `yaml:"restartPolicy"`
		Containers    []struct {
			Name, Image  string
			Command      []string
			Resources    any
			VolumeMounts []struct {
				Name      string
				MountPath string `yaml:"mountPath"`
			} `yaml:"volumeMounts"`
		}
		Volumes []struct {
			Name  string
			Claim struct {
				Name string `yaml:"claimName"`
			} `yaml:"persistentVolumeClaim"`
		}
	}
	type object struct {
		Version  string `yaml:"apiVersion"`
		Kind     string
		Metadata struct{ Name string }
		Spec     struct {
			// of the claim
			AccessModes []string `yaml:"accessModes"`
			Resources   any
			// of the pods
			CompletionMode       string `yaml:"completionMode"`
			Completions          int
			Parallelism          int
			BackoffLimit         int `yaml:"backoffLimit"`
			BackoffLimitPerIndex int `yaml:"backoffLimitPerIndex"`
			Suspend              bool
			PodFailurePolicy     any `yaml:"podFailurePolicy"`
			Template             struct{ Spec pod }
		}
	}
	all := documents[object](t, "kubernetes.yaml")
	if len(all) != 3 {
		t.Fatalf("there are %d objects", len(all))
	}
	claim, shards, merge := all[0], all[1], all[2]
	for i, want := range []string{"v1 PersistentVolumeClaim cascade", "batch/v1 Job cascade", "batch/v1 Job cascade-merge"} {
		if got := fmt.Sprint(all[i].Version, " ", all[i].Kind, " ", all[i].Metadata.Name); got != want {
			t.Errorf("%s, not %s", got, want)
		}
	}
	for _, pods := range all[1:] {
		p := pods.Spec.Template.Spec
		if c := p.Containers[0]; p.RestartPolicy != "Never" || p.Volumes[0].Claim.Name != claim.Metadata.Name ||
			c.VolumeMounts[0].Name != p.Volumes[0].Name || c.VolumeMounts[0].MountPath != "/results" {
			t.Errorf("what %s keeps does not go to the claim: %+v", pods.Metadata.Name, p)
		}
	}
	if shards.Spec.CompletionMode != "Indexed" || !merge.Spec.Suspend {
		t.Error("the shards are not indexed, or the merge does not wait for them")
	}
	e := newExample(t, shards.Spec.Completions)
	for i := range e.shards {
		e.shard(i, words(shards.Spec.Template.Spec.Containers[0].Command), fmt.Sprintf("JOB_COMPLETION_INDEX=%d", i))
	}
	e.merge(words(merge.Spec.Template.Spec.Containers[0].Command), "--html", "results/report.html")
}

func TestExampleAWSBatch(t *testing.T) {
	var definition struct {
		JobDefinitionName, Type string
		PlatformCapabilities    []string
		RetryStrategy           struct {
			Attempts       int
			EvaluateOnExit []struct{ OnStatusReason, OnExitCode, Action string }
		}
		Timeout             struct{ AttemptDurationSeconds int }
		ContainerProperties struct {
			Image                string
			Command              []string
			ResourceRequirements []struct{ Type, Value string }
			Volumes              []struct {
				Name                   string
				EFSVolumeConfiguration struct{ FileSystemID, TransitEncryption string }
			}
			MountPoints []struct{ SourceVolume, ContainerPath string }
		}
	}
	d := json.NewDecoder(strings.NewReader(exampleText(t, "aws-batch.json")))
	d.DisallowUnknownFields()
	if err := d.Decode(&definition); err != nil {
		t.Fatal(err)
	}
	container := definition.ContainerProperties
	if v, m := container.Volumes[0], container.MountPoints[0]; v.Name != m.SourceVolume || m.ContainerPath != "/results" {
		t.Errorf("what is kept goes to %v of %v", m, v)
	}
	_, howTo, _ := strings.Cut(exampleText(t, "README.md"), "## AWS Batch")
	var size int
	if _, after, found := strings.Cut(howTo, "--array-properties size="); !found {
		t.Fatal("README.md does not say how to send it")
	} else if _, err := fmt.Sscan(after, &size); err != nil {
		t.Fatal(err)
	}
	_, after, _ := strings.Cut(howTo, "--container-overrides '")
	override, _, _ := strings.Cut(after, "'")
	var merge struct{ Command []string }
	if err := json.Unmarshal([]byte(override), &merge); err != nil {
		t.Fatalf("%s: %v", override, err)
	}
	e := newExample(t, size)
	for i := range size {
		e.shard(i, words(container.Command), fmt.Sprintf("AWS_BATCH_JOB_ARRAY_INDEX=%d", i), fmt.Sprintf("AWS_BATCH_JOB_ARRAY_SIZE=%d", size))
	}
	e.merge(words(merge.Command), "--html", "results/report.html")
}
