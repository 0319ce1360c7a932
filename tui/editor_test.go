package tui

import "testing"

func editorOf(t testing.TB, name string) Editor { return nil }
