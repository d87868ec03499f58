// Runs the command on trees of .proto files: one that agrees with the published packages, the same
// with one drift planted at a time, and some that cannot be compared.

package main

import (
	"bytes"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const agreed = "drift: 3 services, 4 methods, 12 messages, 12 fields, 5 enum values checked, " +
	"0 differences\n"

func runOn(t *testing.T, tree map[string]string, args ...string) (int, string, string) {
	t.Helper()
	dir := t.TempDir()
	for name, text := range tree {
		file := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	var stdout, stderr bytes.Buffer
	code := run(append([]string{"-proto", dir}, args...), &stdout, &stderr)
	return code, stdout.String(), stderr.String()
}

func TestAgreeingTree(t *testing.T) {
	code, stdout, stderr := runOn(t, agreeingFiles)
	if code != exitAgree || stdout != agreed || stderr != "" {
		t.Fatalf("exit %d, stdout %q, stderr %q", code, stdout, stderr)
	}
}

func TestPlantedDrift(t *testing.T) {
	for _, drift := range plantedDrifts {
		t.Run(drift.name, func(t *testing.T) {
			tree := maps.Clone(agreeingFiles)
			if count := strings.Count(tree[drift.file], drift.agreeing); count != 1 {
				t.Fatalf("%q occurs %d times", drift.agreeing, count)
			}
			tree[drift.file] = strings.Replace(tree[drift.file], drift.agreeing, drift.planted, 1)
			code, stdout, stderr := runOn(t, tree)
			report, totals, _ := strings.Cut(stdout, "\n")
			if report != drift.report {
				t.Errorf("reported %s\nexpected %s", report, drift.report)
			}
			if code != exitDiffer || !strings.HasSuffix(totals, " checked, 1 differences\n") ||
				strings.Count(totals, "\n") != 1 || stderr != "" {
				t.Errorf("exit %d, totals %q, stderr %q", code, totals, stderr)
			}
		})
	}
}

func TestEveryDifferenceIsReported(t *testing.T) {
	tree := maps.Clone(agreeingFiles)
	tree[lightningFile] = strings.NewReplacer("alias = 2", "alias = 3", "uris = 12", "uris = 13").
		Replace(tree[lightningFile])
	code, stdout, _ := runOn(t, tree)
	if code != exitDiffer || strings.Count(stdout, ": ours `") != 2 ||
		!strings.HasSuffix(stdout, " checked, 2 differences\n") {
		t.Fatalf("exit %d, stdout %q", code, stdout)
	}
}

func TestUnpublishedPackage(t *testing.T) {
	tree := maps.Clone(agreeingFiles)
	tree["own/v1/own.proto"] = "syntax = \"proto3\";\npackage own.v1;\nmessage Own {}\n"

	code, stdout, _ := runOn(t, tree)
	if code != exitDiffer || !strings.Contains(stdout, "own.v1.Own: ours `message`, theirs") {
		t.Errorf("undeclared: exit %d, stdout %q", code, stdout)
	}

	skip := "SKIP: own/v1/own.proto: no Go package of own.v1 is published to compare with\n"
	code, stdout, _ = runOn(t, tree, "-unpublished", "own.v1")
	if code != exitAgree || stdout != skip+agreed {
		t.Errorf("declared: exit %d, stdout %q", code, stdout)
	}
}

func TestNoComparison(t *testing.T) {
	own := map[string]string{"own.proto": "syntax = \"proto3\";\npackage own;\nmessage Own {}\n"}
	broken := maps.Clone(agreeingFiles)
	broken[assetsFile] += "message {"
	for _, refused := range []struct {
		name  string
		tree  map[string]string
		args  []string
		error string
	}{
		{"no file", nil, nil, "no .proto file in "},
		{"syntax error", broken, nil, "taprpc/taprootassets.proto:4:9: syntax error"},
		{"nothing left", own, []string{"-unpublished", "own"}, "nothing that can be compared"},
		{"published package", agreeingFiles, []string{"-unpublished", "lnrpc"},
			"package lnrpc is published"},
		{"unused package", agreeingFiles, []string{"-unpublished", "own"}, "no file in "},
		{"package name", agreeingFiles, []string{"-unpublished", "a/b"}, "not a protobuf package"},
		{"no directory", agreeingFiles, []string{"-proto", ""}, "expected -proto DIR"},
		{"missing directory", agreeingFiles, []string{"-proto", "missing"}, "listing missing: "},
		{"stray argument", agreeingFiles, []string{"stray"}, "expected -proto DIR"},
	} {
		t.Run(refused.name, func(t *testing.T) {
			code, stdout, stderr := runOn(t, refused.tree, refused.args...)
			if code != exitUncompared || !strings.Contains(stderr, refused.error) ||
				strings.Contains(stdout, "drift:") {
				t.Fatalf("exit %d, stdout %q, stderr %q", code, stdout, stderr)
			}
		})
	}
}
