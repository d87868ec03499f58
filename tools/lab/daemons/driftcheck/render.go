// Canonical one-line forms of descriptors: two elements are the same exactly when these are equal.

package main

import (
	"fmt"
	"strings"

	"google.golang.org/protobuf/reflect/protoreflect"
)

func kindOf(descriptor protoreflect.Descriptor) string {
	switch kind := descriptor.(type) {
	case protoreflect.ServiceDescriptor:
		return "service"
	case protoreflect.MethodDescriptor:
		return "method"
	case protoreflect.MessageDescriptor:
		return "message"
	case protoreflect.EnumDescriptor:
		return "enum"
	case protoreflect.EnumValueDescriptor:
		return "enum value"
	case protoreflect.OneofDescriptor:
		return "oneof"
	case protoreflect.FieldDescriptor:
		if kind.IsExtension() {
			return "extension"
		}
		return "field"
	default:
		return fmt.Sprintf("%T", descriptor)
	}
}

func renderMethod(method protoreflect.MethodDescriptor) string {
	return fmt.Sprintf("rpc %s(%s) returns (%s)", method.Name(),
		renderMessage(method.IsStreamingClient(), method.Input()),
		renderMessage(method.IsStreamingServer(), method.Output()))
}

func renderMessage(isStream bool, message protoreflect.MessageDescriptor) string {
	if isStream {
		return "stream " + string(message.FullName())
	}
	return string(message.FullName())
}

func renderEnumValue(value protoreflect.EnumValueDescriptor) string {
	return fmt.Sprintf("%s = %d", value.Name(), value.Number())
}

func renderField(field protoreflect.FieldDescriptor) string {
	var text strings.Builder
	text.WriteString(renderLabel(field))
	if field.IsMap() {
		fmt.Fprintf(&text, "map<%s, %s>",
			renderType(field.MapKey()), renderType(field.MapValue()))
	} else {
		text.WriteString(renderType(field))
	}
	fmt.Fprintf(&text, " %s = %d", field.Name(), field.Number())
	if field.IsPacked() {
		text.WriteString(" [packed = true]")
	}
	// The compiler makes up a oneof for each proto3 `optional` field; the label stands for it.
	if oneof := field.ContainingOneof(); oneof != nil && !oneof.IsSynthetic() {
		fmt.Fprintf(&text, " in oneof %s", oneof.Name())
	}
	if field.IsExtension() {
		fmt.Fprintf(&text, " of %s", field.ContainingMessage().FullName())
	}
	return text.String()
}

func renderLabel(field protoreflect.FieldDescriptor) string {
	switch {
	case field.IsMap():
		return ""
	case field.Cardinality() == protoreflect.Repeated:
		return "repeated "
	case field.Cardinality() == protoreflect.Required:
		return "required "
	case field.HasOptionalKeyword():
		return "optional "
	default:
		return ""
	}
}

func renderType(field protoreflect.FieldDescriptor) string {
	switch field.Kind() {
	case protoreflect.MessageKind:
		return string(field.Message().FullName())
	case protoreflect.GroupKind:
		return "group " + string(field.Message().FullName())
	case protoreflect.EnumKind:
		return string(field.Enum().FullName())
	default:
		return field.Kind().String()
	}
}
