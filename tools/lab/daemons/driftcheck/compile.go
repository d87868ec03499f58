// Our side of the comparison: the .proto files of a directory tree, parsed and linked in memory.
// They are never registered globally, where they would collide with the published packages.

package main

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"path"

	"github.com/bufbuild/protocompile"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// compile links every .proto file below dir, in path order. Imports are resolved against dir.
func compile(ctx context.Context, dir string) ([]protoreflect.FileDescriptor, error) {
	paths, err := protoPaths(os.DirFS(dir))
	if err != nil {
		return nil, fmt.Errorf("listing %s: %w", dir, err)
	}
	if len(paths) == 0 {
		return nil, fmt.Errorf("no .proto file in %s", dir)
	}
	compiler := protocompile.Compiler{
		Resolver: protocompile.WithStandardImports(
			&protocompile.SourceResolver{ImportPaths: []string{dir}}),
		// The line numbers in the reports come from the source info.
		SourceInfoMode: protocompile.SourceInfoStandard,
	}
	linked, err := compiler.Compile(ctx, paths...)
	if err != nil {
		return nil, fmt.Errorf("compiling the files in %s: %w", dir, err)
	}
	files := make([]protoreflect.FileDescriptor, 0, len(linked))
	for _, file := range linked {
		files = append(files, file)
	}
	return files, nil
}

func protoPaths(tree fs.FS) ([]string, error) {
	var paths []string
	err := fs.WalkDir(tree, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if !entry.IsDir() && path.Ext(name) == ".proto" {
			paths = append(paths, name)
		}
		return nil
	})
	return paths, err
}
