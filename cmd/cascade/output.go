package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"syscall"

	"cascade/scenarios"
)

// A destination is where a report goes.
//
//	-, /dev/stdout       standard output, in its turn
//	/dev/stderr          standard error
//	a file, or nothing   a temporary file beside it, then a rename: whole or not at all
//	a device, a pipe     written in place
type destination struct {
	name    string // as the person wrote it
	path    string // what is written, or replaced: symbolic links followed
	stream  stream
	inPlace bool
	mode    fs.FileMode // of the file to be replaced; 0: there is none
}

type stream uint8

const (
	toFile stream = iota
	toStdout
	toStderr
)

// aim looks at a path before anything runs, and finds what would make the write
// fail in the end as far as that is cheap to see.
func aim(name string) (destination, error) {
	d := destination{name: name, path: name}
	switch name {
	case "-", "/dev/stdout", "/dev/fd/1", "/proc/self/fd/1":
		d.stream = toStdout
		return d, nil
	case "/dev/stderr", "/dev/fd/2", "/proc/self/fd/2":
		d.stream = toStderr
		return d, nil
	}
	refuse := func(err error) (destination, error) { return d, d.failed(err) }
	info, err := os.Stat(name)
	switch {
	case err == nil && info.IsDir():
		return refuse(syscall.EISDIR)
	case err == nil && (!info.Mode().IsRegular() || isDescriptor(name)):
		d.inPlace = true
		return d, nil
	case err != nil && !errors.Is(err, fs.ErrNotExist):
		return refuse(err)
	case err == nil:
		d.mode = info.Mode().Perm()
	}
	if d.path, err = followLinks(name); err != nil {
		return refuse(err)
	}
	if err == nil && d.mode != 0 {
		// A rename asks only the directory: what may not be written is not to be replaced.
		f, err := os.OpenFile(d.path, os.O_WRONLY, 0)
		if err != nil {
			return refuse(err)
		}
		f.Close()
	}
	f, err := createBeside(d.path)
	if err != nil {
		return refuse(err)
	}
	f.Close()
	return d, d.failed(os.Remove(f.Name()))
}

// sparing refuses a destination that is a file which the scenarios are read from, or
// which holds the settings: whoever wrote it wants to keep it.
func (d destination) sparing(sh *shell, names []string, all []*scenarios.Scenario) error {
	info, err := os.Stat(d.path)
	if d.stream != toFile || err != nil || !info.Mode().IsRegular() {
		return nil
	}
	same := func(path string) bool {
		other, err := os.Stat(path)
		return err == nil && os.SameFile(info, other)
	}
	for i, s := range all {
		for _, path := range s.Files {
			if same(path) {
				return usage("cannot write %s: the scenario %s is read from it; name another file", d.name, spokenName(names[i]))
			}
		}
	}
	if f, ok := sh.in.(*os.File); ok && slices.Contains(names, "-") {
		if in, err := f.Stat(); err == nil && os.SameFile(info, in) {
			return usage("cannot write %s: standard input is read from it; name another file", d.name)
		}
	}
	for _, path := range settingsFiles() {
		if same(path) {
			return usage("cannot write %s: it holds cascade's settings; name another file", d.name)
		}
	}
	return nil
}

// isDescriptor says whether a path names an open file of this process. There a
// rename would replace the name, or fail, and the reader would see nothing.
func isDescriptor(path string) bool {
	dir := filepath.Dir(filepath.Clean(path))
	return dir == "/dev/fd" || dir == "/proc/self/fd"
}

// followLinks is the path that a chain of symbolic links ends at, even where
// nothing is there yet: the link is to stay and its target to be written.
func followLinks(path string) (string, error) {
	for range 40 {
		info, err := os.Lstat(path)
		if err != nil || info.Mode()&fs.ModeSymlink == 0 {
			if err != nil && !errors.Is(err, fs.ErrNotExist) {
				return "", err
			}
			return path, nil
		}
		to, err := os.Readlink(path)
		if err != nil {
			return "", err
		}
		if !filepath.IsAbs(to) {
			to = filepath.Join(filepath.Dir(path), to)
		}
		path = to
	}
	return "", syscall.ELOOP
}

// createBeside makes a new, hidden file in the directory of path, with the
// permissions that a new file has here.
func createBeside(path string) (*os.File, error) {
	for n := 0; ; n++ {
		temporary := filepath.Join(filepath.Dir(path), fmt.Sprintf(".cascade-%d-%d.tmp", os.Getpid(), n))
		f, err := os.OpenFile(temporary, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
		if !errors.Is(err, fs.ErrExist) || n == 1000 {
			return f, err
		}
	}
}

// write has fill write the report to where it goes. What cannot be written is an
// exit 3 that names the path and the cause, and leaves nothing behind.
func (d destination) write(sh *shell, fill func(io.Writer) error) error {
	switch {
	case d.stream == toStdout:
		if err := fill(sh.out); err != nil && sh.out.Flush() == nil {
			return d.failed(err) // not for want of a place to write to
		}
		return sh.flush()
	case d.stream == toStderr:
		return d.failed(buffered(sh.err, fill))
	case d.inPlace:
		f, err := os.OpenFile(d.path, os.O_WRONLY|os.O_TRUNC, 0)
		if err != nil {
			return d.failed(err)
		}
		return d.failed(errors.Join(buffered(f, fill), f.Close()))
	}
	temporary, err := d.stage(fill)
	if err == nil {
		if err = os.Rename(temporary, d.path); err != nil {
			os.Remove(temporary)
		}
	}
	return d.failed(err)
}

// stage has fill write to a file beside the one to be replaced, which is all there, and on
// the disk, when it returns. Of a failure nothing is left.
func (d destination) stage(fill func(io.Writer) error) (temporary string, err error) {
	f, err := createBeside(d.path)
	if err != nil {
		return "", err
	}
	err = buffered(f, fill)
	if err == nil && d.mode != 0 {
		err = f.Chmod(d.mode)
	}
	if err == nil {
		// Some file systems know of no sync; those that do must not fail in it.
		if err = f.Sync(); errors.Is(err, syscall.EINVAL) || errors.Is(err, errors.ErrUnsupported) {
			err = nil
		}
	}
	if closed := f.Close(); err == nil {
		err = closed
	}
	if err != nil {
		os.Remove(f.Name())
	}
	return f.Name(), err
}

func (d destination) failed(err error) error {
	if err == nil {
		return nil
	}
	if errors.Is(err, syscall.EPIPE) { // whoever read has read enough
		return &exit{code: exitBroken}
	}
	return &exit{exitBroken, fmt.Errorf("cannot write %s: %w", d.name, cause(err))}
}

func buffered(w io.Writer, fill func(io.Writer) error) error {
	b := bufio.NewWriterSize(w, 64<<10)
	if err := fill(b); err != nil {
		return err
	}
	return b.Flush()
}

// cause is an error of the file system without the name of the call and the path,
// which may be that of a temporary file.
func cause(err error) error {
	var path *fs.PathError
	var link *os.LinkError
	switch {
	case errors.As(err, &path):
		return path.Err
	case errors.As(err, &link):
		return link.Err
	}
	return err
}
