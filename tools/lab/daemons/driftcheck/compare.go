// The comparison itself: walks what our files declare and looks each element up by its full name
// among the published descriptors.

package main

import (
	"fmt"

	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
)

const absent = "absent"

// comparison collects what was compared and what differed. Elements of a declaration that is absent
// as a whole are not compared one by one.
type comparison struct {
	published   *protoregistry.Files
	differences []string

	services, methods, messages, fields, enumValues int
}

func (c *comparison) isEmpty() bool {
	return c.services+c.messages+c.fields+c.enumValues == 0
}

func (c *comparison) summary() string {
	return fmt.Sprintf(
		"drift: %d services, %d methods, %d messages, %d fields, %d enum values checked, "+
			"%d differences",
		c.services, c.methods, c.messages, c.fields, c.enumValues, len(c.differences))
}

// differ notes one difference, placed at the line of our declaration.
func (c *comparison) differ(element protoreflect.Descriptor, ours, theirs string) {
	file := element.ParentFile()
	line := file.SourceLocations().ByDescriptor(element).StartLine + 1
	c.differences = append(c.differences, fmt.Sprintf("%s:%d: %s: ours `%s`, theirs `%s`",
		file.Path(), line, element.FullName(), ours, theirs))
}

func (c *comparison) file(file protoreflect.FileDescriptor) {
	for i := range file.Services().Len() {
		c.service(file.Services().Get(i))
	}
	c.declarations(file)
}

// declarations compares the messages, enums and extensions declared in a file or inside a message.
func (c *comparison) declarations(scope interface {
	Messages() protoreflect.MessageDescriptors
	Enums() protoreflect.EnumDescriptors
	Extensions() protoreflect.ExtensionDescriptors
}) {
	for i := range scope.Messages().Len() {
		// The entry type of a map has no declaration, the map field stands for it.
		if message := scope.Messages().Get(i); !message.IsMapEntry() {
			c.message(message)
		}
	}
	for i := range scope.Enums().Len() {
		c.enum(scope.Enums().Get(i))
	}
	for i := range scope.Extensions().Len() {
		c.extension(scope.Extensions().Get(i))
	}
}

// counterpart finds the published descriptor of the same full name and kind, or notes a difference.
func counterpart[D protoreflect.Descriptor](c *comparison, ours D) (D, bool) {
	found, err := c.published.FindDescriptorByName(ours.FullName())
	if err != nil {
		c.differ(ours, kindOf(ours), absent)
		var none D
		return none, false
	}
	theirs, ok := found.(D)
	if !ok {
		c.differ(ours, kindOf(ours), kindOf(found))
	}
	return theirs, ok
}

func (c *comparison) service(ours protoreflect.ServiceDescriptor) {
	c.services++
	theirs, ok := counterpart(c, ours)
	if !ok {
		return
	}
	for i := range ours.Methods().Len() {
		c.methods++
		method, declared := ours.Methods().Get(i), absent
		if match := theirs.Methods().ByName(method.Name()); match != nil {
			declared = renderMethod(match)
		}
		c.compare(method, renderMethod(method), declared)
	}
}

func (c *comparison) message(ours protoreflect.MessageDescriptor) {
	c.messages++
	theirs, ok := counterpart(c, ours)
	if !ok {
		return
	}
	for i := range ours.Fields().Len() {
		c.fields++
		field, declared := ours.Fields().Get(i), absent
		// The field that holds our number under another name explains more than "absent" does.
		if match := theirs.Fields().ByName(field.Name()); match != nil {
			declared = renderField(match)
		} else if match := theirs.Fields().ByNumber(field.Number()); match != nil {
			declared = renderField(match)
		}
		c.compare(field, renderField(field), declared)
	}
	c.declarations(ours)
}

func (c *comparison) enum(ours protoreflect.EnumDescriptor) {
	theirs, ok := counterpart(c, ours)
	if !ok {
		return
	}
	for i := range ours.Values().Len() {
		c.enumValues++
		value, declared := ours.Values().Get(i), absent
		if match := theirs.Values().ByName(value.Name()); match != nil {
			declared = renderEnumValue(match)
		} else if match := theirs.Values().ByNumber(value.Number()); match != nil {
			declared = renderEnumValue(match)
		}
		c.compare(value, renderEnumValue(value), declared)
	}
}

func (c *comparison) extension(ours protoreflect.ExtensionDescriptor) {
	c.fields++
	theirs, ok := counterpart(c, ours)
	if ok {
		c.compare(ours, renderField(ours), renderField(theirs))
	}
}

func (c *comparison) compare(element protoreflect.Descriptor, ours, theirs string) {
	if ours != theirs {
		c.differ(element, ours, theirs)
	}
}
