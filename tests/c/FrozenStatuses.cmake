# Turns tests/abi/status.txt, lines of number and name, into a table for version.c. Each row names the
# enumerator of the header too, so that a renumbered or missing one fails to compile or to compare.

set(list ${project_root}/tests/abi/status.txt)
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${list})
file(STRINGS ${list} lines REGEX "^[0-9]+ [A-Z0-9_]+$")
if(NOT lines)
  message(FATAL_ERROR "tests/abi/status.txt has no line `<number> <NAME>`")
endif()
set(table "/* Made from tests/abi/status.txt. */\n")
string(APPEND table "static const struct {\n    int number;\n    const char *name;\n"
              "    int enumerator;\n} frozen_statuses[] = {\n")
foreach(line ${lines})
  string(REGEX MATCH "^([0-9]+) (.*)$" _ "${line}")
  string(APPEND table
         "    {${CMAKE_MATCH_1}, \"${CMAKE_MATCH_2}\", ARKGRPC_${CMAKE_MATCH_2}},\n")
endforeach()
string(APPEND table "};\n")
file(CONFIGURE OUTPUT ${CMAKE_CURRENT_BINARY_DIR}/generated/frozen_statuses.h CONTENT "${table}"
     @ONLY)
