# Form: what formatters, linters and the house rules have to say.

find_program(CLANG_FORMAT_EXECUTABLE clang-format)
find_program(GO_EXECUTABLE go HINTS /usr/local/go/bin)
find_program(GOFMT_EXECUTABLE gofmt HINTS /usr/local/go/bin)
find_program(RUFF_EXECUTABLE ruff)
set(in_source ${CMAKE_COMMAND} -E chdir ${CMAKE_CURRENT_SOURCE_DIR})

arkgrpc_test(lint.rustfmt COMMAND ${in_source} ${ARKGRPC_CARGO} fmt --all --check)
arkgrpc_test(
  lint.clippy TIMEOUT 2400
  COMMAND ${in_source} ${ARKGRPC_CARGO} clippy --locked --workspace --all-targets --target-dir
          ${ARKGRPC_RUST_DIR} -- -D warnings)
arkgrpc_test(lint.house-rules COMMAND ${in_source} sh ${ARKGRPC_SCRIPTS}/house-rules.sh)

if(CLANG_FORMAT_EXECUTABLE)
  arkgrpc_test(
    lint.clang-format
    COMMAND ${in_source} sh ${ARKGRPC_SCRIPTS}/each-file.sh ${CLANG_FORMAT_EXECUTABLE} --dry-run
            --Werror -- tests examples benches bindings -- *.c *.h)
else()
  arkgrpc_skipped_test(lint.clang-format clang-format "clang-format is not installed")
endif()

if(GOFMT_EXECUTABLE)
  arkgrpc_test(
    lint.gofmt NEEDS go
    COMMAND ${in_source} sh ${ARKGRPC_SCRIPTS}/gofmt.sh ${GOFMT_EXECUTABLE} .)
  arkgrpc_test(
    lint.go-vet NEEDS go TIMEOUT 1800
    COMMAND ${ARKGRPC_IN_GO_MODULE} ${GO_EXECUTABLE} vet ./...)
else()
  arkgrpc_skipped_test(lint.gofmt go "Go is not installed")
  arkgrpc_skipped_test(lint.go-vet go "Go is not installed")
endif()

if(RUFF_EXECUTABLE)
  arkgrpc_test(lint.ruff NEEDS ruff COMMAND ${in_source} sh ${ARKGRPC_SCRIPTS}/ruff.sh
                                            ${RUFF_EXECUTABLE})
else()
  arkgrpc_skipped_test(lint.ruff ruff "ruff is not installed (pip install ruff)")
endif()
