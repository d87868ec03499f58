// Command driftcheck compares this project's .proto files with the descriptors of the Go packages
// that lnd and taproot-assets publish. Everything our files declare has to exist there in the same
// form; our files may leave things out. Deprecation is not compared.
//
// It exits with 0 when both sides agree, 1 when they differ and 2 when they could not be compared.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"slices"

	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
)

const (
	exitAgree      = 0
	exitDiffer     = 1
	exitUncompared = 2
)

func main() {
	os.Exit(run(os.Args[1:], os.Stdout, os.Stderr))
}

func run(args []string, stdout, stderr io.Writer) int {
	var unpublished []protoreflect.FullName
	flags := flag.NewFlagSet("driftcheck", flag.ContinueOnError)
	flags.SetOutput(stderr)
	dir := flags.String("proto", "", "directory that holds our .proto files (also the import root)")
	flags.Func("unpublished", "protobuf package without a Go package to compare with (repeatable)",
		func(name string) error {
			if !protoreflect.FullName(name).IsValid() {
				return errors.New("not a protobuf package name")
			}
			unpublished = append(unpublished, protoreflect.FullName(name))
			return nil
		})
	switch err := flags.Parse(args); {
	case errors.Is(err, flag.ErrHelp):
		return exitAgree
	case err != nil:
		return exitUncompared
	}
	if *dir == "" || flags.NArg() > 0 {
		fmt.Fprintln(stderr, "driftcheck: expected -proto DIR and no further arguments")
		return exitUncompared
	}

	result, err := check(*dir, unpublished, stdout)
	if err != nil {
		fmt.Fprintf(stderr, "driftcheck: %v\n", err)
		return exitUncompared
	}
	for _, difference := range result.differences {
		fmt.Fprintln(stdout, difference)
	}
	fmt.Fprintln(stdout, result.summary())
	if len(result.differences) > 0 {
		return exitDiffer
	}
	return exitAgree
}

// check compares every file below dir, except those of the packages named as unpublished: these it
// announces on log, and it refuses the name where one turns out to be published or unused.
func check(dir string, unpublished []protoreflect.FullName, log io.Writer) (*comparison, error) {
	files, err := compile(context.Background(), dir)
	if err != nil {
		return nil, err
	}
	for _, name := range unpublished {
		if protoregistry.GlobalFiles.NumFilesByPackage(name) > 0 {
			return nil, fmt.Errorf("package %s is published, it has to be compared", name)
		}
		isOurs := func(file protoreflect.FileDescriptor) bool { return file.Package() == name }
		if !slices.ContainsFunc(files, isOurs) {
			return nil, fmt.Errorf("no file in %s belongs to the unpublished package %s", dir, name)
		}
	}
	result := &comparison{published: protoregistry.GlobalFiles}
	for _, file := range files {
		if slices.Contains(unpublished, file.Package()) {
			fmt.Fprintf(log, "SKIP: %s: no Go package of %s is published to compare with\n",
				file.Path(), file.Package())
			continue
		}
		result.file(file)
	}
	if result.isEmpty() {
		return nil, fmt.Errorf("the files in %s declare nothing that can be compared", dir)
	}
	return result, nil
}
