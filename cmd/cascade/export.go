package main

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"cascade/sim/export"
)

// results are outcomes as they are exported, with files as GitHub Actions names them.
func results(all []outcome) []export.Result {
	var list []export.Result
	for i := range all {
		o := &all[i]
		if o.report == nil && o.runs == nil && o.broke == "" { // a shard: others have the rest
			continue
		}
		broke, _, _ := strings.Cut(o.broke, "\n") // what comes behind is a trace
		r := export.Result{Name: o.scenario.Plan.Name, Report: o.report, Runs: o.runs, Broke: broke}
		r.File, r.Places = placesOf(o)
		list = append(list, r)
	}
	return list
}

// placesOf are the file of a scenario, and where in files its expectations stand.
func placesOf(o *outcome) (file string, places []export.Place) {
	files := o.scenario.Files
	if len(files) > 0 && files[0] == o.name {
		file = inWorkspace(o.name)
	}
	for _, at := range o.scenario.Places {
		var place export.Place
		if at.Line > 0 && slices.Contains(files, at.File) {
			place = export.Place{File: inWorkspace(at.File), Line: at.Line}
		}
		places = append(places, place)
	}
	return file, places
}

// inWorkspace is a path as annotations want it: from GITHUB_WORKSPACE on, with slashes;
// "" of a file that is not below it. Without a workspace it is as it was written.
func inWorkspace(path string) string {
	top := os.Getenv("GITHUB_WORKSPACE")
	if top == "" {
		return filepath.ToSlash(path)
	}
	whole, err := filepath.Abs(path)
	if err != nil {
		return ""
	}
	below, err := filepath.Rel(top, whole)
	if err != nil || !filepath.IsLocal(below) {
		return ""
	}
	return filepath.ToSlash(below)
}

// annotate tells GitHub Actions what did not hold, where it is what runs us: on standard
// error, which the runner reads too, since standard output carries what was asked for.
func annotate(w io.Writer, all []outcome) {
	if v := os.Getenv("GITHUB_ACTIONS"); v != "" && v != "false" {
		export.Annotations(w, results(all)) // standard error: nobody is left to be told
	}
}

// A folder is where several files go that belong together.
type folder struct {
	name  string // as the person wrote it
	path  string
	files []destination // of the tables, in their order; nil: there is no folder yet
}

// aimFolder looks at a folder before anything runs, as aim does at a file. It need not be
// there, but what it is to be made in.
func aimFolder(flag, name string, tables []export.Table) (folder, error) {
	f := folder{name: name, path: filepath.Clean(name)}
	if name == "-" {
		return f, usage("--%s writes several files, which standard output cannot carry; name a folder", flag)
	}
	info, err := os.Stat(f.path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		_, err := aim(f.path)
		return f, err
	case err != nil:
		return f, f.failed(err)
	case !info.IsDir():
		return f, f.failed(syscall.ENOTDIR)
	}
	f.files, err = f.aim(tables)
	return f, err
}

func (f folder) aim(tables []export.Table) ([]destination, error) {
	var files []destination
	for _, t := range tables {
		d, err := aim(filepath.Join(f.path, t.File))
		if err != nil {
			return nil, err
		}
		if d.inPlace {
			return nil, d.failed(errors.New("it is not a regular file"))
		}
		files = append(files, d)
	}
	return files, nil
}

// write writes tables into the folder, all of them or none: none takes its name before
// all have been written. What else is in the folder stays.
func (f folder) write(tables []export.Table, of *outcome) error {
	if f.files != nil {
		return writeAll(f.files, tables, of)
	}
	made := os.Mkdir(f.path, 0o777)
	if made != nil && !errors.Is(made, fs.ErrExist) {
		return f.failed(made)
	}
	files, err := f.aim(tables)
	if err == nil {
		err = writeAll(files, tables, of)
	}
	if err != nil && made == nil {
		os.Remove(f.path) // unless somebody else has put something there
	}
	return err
}

func writeAll(files []destination, tables []export.Table, of *outcome) error {
	var staged []string
	defer func() {
		for _, name := range staged { // those that did not take their names
			os.Remove(name)
		}
	}()
	for i, t := range tables {
		temporary, err := files[i].stage(func(w io.Writer) error {
			if of.runs != nil {
				return t.WriteRuns(w, of.runs.Records, of.reports)
			}
			return t.Write(w, of.report)
		})
		if err != nil {
			return files[i].failed(err)
		}
		staged = append(staged, temporary)
	}
	for i := range files {
		if err := os.Rename(staged[0], files[i].path); err != nil {
			return files[i].failed(err)
		}
		staged = staged[1:]
	}
	return nil
}

func (f folder) failed(err error) error { return destination{name: f.name}.failed(err) }
