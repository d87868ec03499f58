# How a test gets into the list: with its tier as label, through a script that keeps its output for
# the closing summary and turns a skip into a failure where ARKGRPC_REQUIRE says so.
#
# Used by the project itself and by tests/c, which is a project of its own. Both set
# ARKGRPC_TEST_RECORDS, the folder of the kept outputs.

set(arkgrpc_run_test ${CMAKE_CURRENT_LIST_DIR}/scripts/run-test.sh)

# Every tool whose absence skips a test; ARKGRPC_REQUIRE may name these and nothing else.
set(ARKGRPC_OPTIONAL_TOOLS asan clang clang-format cxx go launcher pkg-config ptrace python readme
                           ruff valgrind)

# arkgrpc_test(<tier>.<name> [NEEDS tool] [TIMEOUT seconds] COMMAND ...)
# The command ends with 77 to skip; NEEDS names the tool that it then lacks.
function(arkgrpc_test name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "NEEDS;TIMEOUT" "COMMAND;ENVIRONMENT")
  string(REGEX MATCH "^[a-z]+" tier ${name})
  if(NOT arg_NEEDS)
    set(arg_NEEDS -)
  elseif(NOT arg_NEEDS IN_LIST ARKGRPC_OPTIONAL_TOOLS)
    message(FATAL_ERROR "${name} needs the unlisted tool ${arg_NEEDS}")
  endif()
  if(NOT arg_TIMEOUT)
    set(arg_TIMEOUT 300)
  endif()
  add_test(NAME ${name} COMMAND sh ${arkgrpc_run_test} ${ARKGRPC_TEST_RECORDS} ${name}
                                ${arg_NEEDS} ${arg_COMMAND})
  set_tests_properties(
    ${name} PROPERTIES LABELS ${tier} SKIP_RETURN_CODE 77 TIMEOUT ${arg_TIMEOUT}
                       FIXTURES_REQUIRED records ENVIRONMENT "${arg_ENVIRONMENT}")
endfunction()

# A test that cannot run here: it stays in the list and says why.
function(arkgrpc_skipped_test name tool reason)
  message(NOTICE "SKIP: ${name}: ${reason}")
  arkgrpc_test(${name} NEEDS ${tool} COMMAND sh -c "echo 'SKIP: ${reason}'; exit 77")
endfunction()
