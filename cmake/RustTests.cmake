# The Rust side of the tests: one target directory for every tool and test, beside the shipped one.

add_custom_target(
  rust_lab
  COMMAND ${ARKGRPC_CARGO} build --locked -p arkgrpc-lab --target-dir ${ARKGRPC_RUST_DIR}
  WORKING_DIRECTORY ${CMAKE_CURRENT_SOURCE_DIR}
  COMMENT "Building the laboratory of real daemons"
  VERBATIM)

# The same selection of packages and targets as the tests below, so that nothing is built twice.
add_custom_target(
  rust_workspace ALL
  COMMAND ${ARKGRPC_CARGO} build --locked --workspace --all-targets --target-dir
          ${ARKGRPC_RUST_DIR}
  WORKING_DIRECTORY ${CMAKE_CURRENT_SOURCE_DIR}
  COMMENT "Building tools and Rust tests"
  VERBATIM)
add_dependencies(rust_workspace rust_lab)

set(ARKGRPC_FAULT_DIR ${CMAKE_BINARY_DIR}/fault-injection)
set(ARKGRPC_FAULT_LIBRARY ${ARKGRPC_FAULT_DIR}/debug/${ARKGRPC_LINK_NAME})
add_custom_target(
  fault_injection_library ALL
  COMMAND ${ARKGRPC_CARGO} build --locked -p arkgrpc --lib --features fault-injection --target-dir
          ${ARKGRPC_FAULT_DIR}
  WORKING_DIRECTORY ${CMAKE_CURRENT_SOURCE_DIR}
  COMMENT "Building the library that panics on demand"
  VERBATIM)

# The library with the mistakes that the money tests and the fault matrix must catch.
set(ARKGRPC_MUTANT_DIR ${CMAKE_BINARY_DIR}/mutants)
set(ARKGRPC_MUTANT_LIBRARY ${ARKGRPC_MUTANT_DIR}/debug/${ARKGRPC_LINK_NAME})
add_custom_target(
  mutant_library ALL
  COMMAND ${ARKGRPC_CARGO} build --locked -p arkgrpc --lib --features mutants --target-dir
          ${ARKGRPC_FAULT_DIR}
  COMMAND ${CMAKE_COMMAND} -E make_directory ${ARKGRPC_MUTANT_DIR}/debug
  COMMAND ${CMAKE_COMMAND} -E copy ${ARKGRPC_FAULT_LIBRARY} ${ARKGRPC_MUTANT_LIBRARY}
  WORKING_DIRECTORY ${CMAKE_CURRENT_SOURCE_DIR}
  COMMENT "Building the library with mistakes to choose from"
  VERBATIM)
# One target directory for both, one after the other: their dependencies are the same.
add_dependencies(fault_injection_library mutant_library)

arkgrpc_test(
  rust.workspace TIMEOUT 2400
  COMMAND ${CMAKE_COMMAND} -E chdir ${CMAKE_CURRENT_SOURCE_DIR} ${ARKGRPC_CARGO} test --locked
          --workspace --no-fail-fast --target-dir ${ARKGRPC_RUST_DIR})
