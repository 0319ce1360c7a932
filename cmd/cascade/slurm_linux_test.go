package main

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// A cluster is a Slurm of one machine, this one: slurmctld and slurmd with a
// configuration, ports and directories of their own.
type cluster struct {
	t    *testing.T
	dir  string
	conf string
	env  []string
	end  time.Time // when the test gives up; it asserts nothing about time
}

func newCluster(t *testing.T) *cluster {
	t.Helper()
	if raced {
		t.Skip("its shards are processes of their own, which share no memory")
	}
	for _, program := range []string{"slurmctld", "slurmd", "sbatch"} {
		if _, err := exec.LookPath(program); err == nil {
			continue
		}
		if _, err := exec.LookPath("apt-get"); err == nil && os.Getenv("CI") != "" {
			t.Fatalf("there is no %s here; .ci/run installs it", program)
		}
		t.Skipf("there is no %s here", program)
	}
	host, err := os.Hostname()
	if err != nil {
		t.Fatal(err)
	}
	host, _, _ = strings.Cut(host, ".")
	me, err := user.Current()
	if err != nil {
		t.Fatal(err)
	}
	c := &cluster{t: t, dir: t.TempDir(), end: time.Now().Add(4 * time.Minute)}
	c.conf = filepath.Join(c.dir, "slurm.conf")
	for _, name := range []string{"state", "spool", "work"} {
		if err := os.Mkdir(filepath.Join(c.dir, name), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	ports := freePorts(t, 2)
	// Whoever is on the machine may send work: it is gone in a minute. Twice as many
	// shards as the machine has cores run at once: what is not there is not checked.
	settings := fmt.Sprintf(`
ClusterName=cascade
SlurmctldHost=%[1]s(127.0.0.1)
SlurmctldPort=%[2]d
SlurmdPort=%[3]d
SlurmUser=%[4]s
SlurmdUser=%[4]s
AuthType=auth/none
CredType=cred/none
StateSaveLocation=%[5]s/state
SlurmdSpoolDir=%[5]s/spool
SlurmctldPidFile=%[5]s/slurmctld.pid
SlurmdPidFile=%[5]s/slurmd.pid
SlurmctldLogFile=%[5]s/slurmctld.log
SlurmdLogFile=%[5]s/slurmd.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
MpiDefault=none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
SlurmdParameters=config_overrides
SchedulerParameters=sched_min_interval=0,batch_sched_delay=0,bf_interval=1
ReturnToService=2
KillWait=1
NodeName=%[1]s NodeAddr=127.0.0.1 CPUs=16 RealMemory=1000
PartitionName=all Nodes=ALL Default=YES State=UP
`, host, ports[0], ports[1], me.Username, c.dir)
	if err := os.WriteFile(c.conf, []byte(settings), 0o644); err != nil {
		t.Fatal(err)
	}
	// What Slurm starts has the environment of who sent it, and so our PATH.
	c.env = append(os.Environ(), "SLURM_CONF="+c.conf)
	// If this process dies, they do: the thread that starts them stays as long.
	runtime.LockOSThread()
	t.Cleanup(c.leaveNothing)
	for _, daemon := range [][]string{{"slurmctld", "-D", "-i"}, {"slurmd", "-D"}} {
		cmd := exec.Command(daemon[0], daemon[1:]...)
		cmd.Env = c.env
		cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			cmd.Process.Signal(syscall.SIGTERM) // so that it takes its own leave of its children
			late := time.AfterFunc(10*time.Second, func() { cmd.Process.Kill() })
			cmd.Wait()
			late.Stop()
		})
	}
	c.until("the machine is ready", func() bool {
		out, err := c.command("sinfo", "--noheader", "--format=%T").Output()
		return err == nil && strings.TrimSpace(string(out)) == "idle"
	})
	return c
}

func freePorts(t *testing.T, n int) []int {
	t.Helper()
	var ports []int
	for range n {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		ports = append(ports, l.Addr().(*net.TCPAddr).Port)
	}
	return ports
}

func (c *cluster) command(name string, args ...string) *exec.Cmd {
	ctx, cancel := context.WithDeadline(context.Background(), c.end)
	c.t.Cleanup(cancel)
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Env, cmd.Dir = c.env, filepath.Join(c.dir, "work")
	return cmd
}

func (c *cluster) says(name string, args ...string) string {
	c.t.Helper()
	out, err := c.command(name, args...).CombinedOutput()
	if err != nil {
		c.t.Fatalf("%s %q: %v: %s", name, args, err, out)
	}
	return strings.TrimSpace(string(out))
}

func (c *cluster) until(what string, is func() bool) {
	c.t.Helper()
	for !is() {
		if time.Now().After(c.end) {
			c.t.Fatalf("%s: that never came\n%s", what, c.logs())
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// logs are the last lines of what the daemons wrote, and all that was written in work.
func (c *cluster) logs() string {
	var all strings.Builder
	for _, args := range [][]string{{"squeue"}, {"scontrol", "show", "job"}} {
		cmd := exec.Command(args[0], args[1:]...)
		cmd.Env = c.env
		text, _ := cmd.CombinedOutput()
		fmt.Fprintf(&all, "== %s\n%s\n", args[0], text)
	}
	files, _ := filepath.Glob(filepath.Join(c.dir, "slurm*.log"))
	outs, _ := filepath.Glob(filepath.Join(c.dir, "work", "slurm-*.out"))
	for _, path := range append(files, outs...) {
		text, _ := os.ReadFile(path)
		fmt.Fprintf(&all, "== %s\n%s\n", filepath.Base(path), text[max(0, len(text)-4000):])
	}
	return all.String()
}

// A process is one that the cluster has started, or is one of its daemons.
type process struct {
	id   int
	args []string
	env  []string
}

// processes are those with our SLURM_CONF in their environment.
func (c *cluster) processes() []process {
	var found []process
	all, _ := filepath.Glob("/proc/[0-9]*/environ")
	for _, path := range all {
		text, err := os.ReadFile(path)
		if err != nil {
			continue // it has gone
		}
		env := strings.Split(string(text), "\x00")
		if !slices.Contains(env, "SLURM_CONF="+c.conf) {
			continue
		}
		id, _ := strconv.Atoi(filepath.Base(filepath.Dir(path)))
		args, _ := os.ReadFile(filepath.Join(filepath.Dir(path), "cmdline"))
		found = append(found, process{id, strings.Split(string(args), "\x00"), env})
	}
	return found
}

// leaveNothing ends all that the cluster has started, and is content when nothing is left.
func (c *cluster) leaveNothing() {
	for range 5000 {
		left := c.processes()
		if len(left) == 0 {
			return
		}
		for _, p := range left {
			syscall.Kill(p.id, syscall.SIGKILL)
		}
		time.Sleep(2 * time.Millisecond)
	}
	c.t.Errorf("processes are left: %v", c.processes())
}

// TestSlurm sends examples/slurm.sh to a real Slurm the way its first lines say, kills
// one of its shards in the middle of its work, has it started again, and compares what
// the merge says with what one machine says.
func TestSlurm(t *testing.T) {
	c := newCluster(t)
	const runs = 160
	script := filepath.Join("..", "..", "examples", "slurm.sh")
	text := read(t, script)
	copied := filepath.Join(c.dir, "work", "slurm.sh")
	if err := os.WriteFile(copied, []byte(text), 0o755); err != nil {
		t.Fatal(err)
	}
	var lines []string
	for line := range strings.Lines(text) {
		if command, ok := strings.CutPrefix(line, "#   "); ok {
			lines = append(lines, command)
		}
	}
	if len(lines) != 2 {
		t.Fatalf("slurm.sh says to send it with %q", lines)
	}
	c.env = append(c.env, fmt.Sprint("RUNS=", runs))
	sent := strings.Fields(c.says("bash", "-euc", strings.Join(lines, "")+"echo $array"))
	if len(sent) != 5 { // Submitted batch job 9 8
		t.Fatalf("sbatch says %q", sent)
	}
	merge, array := sent[3], sent[4]

	// A shard that has done a part of its part is stopped, so that it stays so.
	results := filepath.Join(c.dir, "work", "results")
	kept := func(shard int) map[string]time.Time {
		files, _ := filepath.Glob(filepath.Join(results, "cells", "0000", "seed-*.json"))
		times := map[string]time.Time{}
		for _, path := range files {
			seed, _ := strconv.Atoi(strings.TrimSuffix(strings.TrimPrefix(filepath.Base(path), "seed-"), ".json"))
			if info, err := os.Stat(path); err == nil && (seed-1)%8 == shard-1 {
				times[path] = info.ModTime()
			}
		}
		return times
	}
	var victim process
	shard := 0
	var before map[string]time.Time
	c.until("a shard is in the middle of its work", func() bool {
		for _, p := range c.processes() {
			if !strings.HasSuffix(p.args[0], "cascade") || len(p.args) < 2 || p.args[1] != "run" {
				continue
			}
			for _, variable := range p.env {
				if id, ok := strings.CutPrefix(variable, "SLURM_ARRAY_TASK_ID="); ok {
					shard, _ = strconv.Atoi(id)
				}
			}
			if syscall.Kill(p.id, syscall.SIGSTOP) != nil {
				continue
			}
			if before = kept(shard); len(before) > 0 && len(before) < runs/8 {
				victim = p
				return true
			}
			syscall.Kill(p.id, syscall.SIGCONT)
		}
		return false
	})
	again := fmt.Sprintf("%s_%d", array, shard)
	c.says("scontrol", "requeue", again)
	syscall.Kill(victim.id, syscall.SIGKILL)
	// Slurm waits two minutes before it starts a shard again, unless told otherwise, so that
	// what it has revoked is not taken for what it grants anew; it tells them apart by the
	// second.
	waits := false
	c.until("all is done", func() bool {
		out, err := c.command("squeue", "--noheader", "--array", "--format=%i %r").Output()
		if err == nil && !waits && strings.Contains(string(out), "BeginTime") {
			waits = true
			c.says("scontrol", "update", "JobId="+again, "StartTime=now+3seconds")
		}
		return err == nil && len(bytes.TrimSpace(out)) == 0
	})

	if state := c.says("scontrol", "show", "job", again); !strings.Contains(state, "Restarts=1") || !strings.Contains(state, "JobState=COMPLETED") {
		t.Errorf("the shard has not been started again: %s", state)
	}
	for path, at := range before {
		if info, err := os.Stat(path); err != nil || !info.ModTime().Equal(at) {
			t.Errorf("%s was there before the shard was killed, and was written again", filepath.Base(path))
		}
	}
	alone := filepath.Join(c.dir, "alone.json")
	said := c.says("cascade", "run", "slow-dependency", "--runs", fmt.Sprint(runs), "--json", alone) + "\n"
	if got := read(t, filepath.Join(c.dir, "work", "slurm-"+merge+".out")); got != said {
		t.Errorf("the merge says otherwise than one machine %s\n%s", firstDifference(got, said), c.logs())
	}
	if got, want := read(t, filepath.Join(c.dir, "work", "runs.json")), read(t, alone); got != want {
		t.Errorf("the merged runs are others than those of one machine %s", firstDifference(got, want))
	}
}
