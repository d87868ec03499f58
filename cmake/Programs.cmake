# The command `arkgrpc`, which runs the simulated daemons, and the C examples that talk to them.
include(ExternalProject)

set(ARKGRPC_RUST_DIR ${CMAKE_BINARY_DIR}/rust)
set(ARKGRPC_LAUNCHER ${ARKGRPC_RUST_DIR}/debug/arkgrpc)

ExternalProject_Add(
  c_examples
  SOURCE_DIR ${CMAKE_CURRENT_SOURCE_DIR}/examples/c
  BINARY_DIR ${CMAKE_BINARY_DIR}/examples-c
  CMAKE_ARGS -DCMAKE_PREFIX_PATH=${ARKGRPC_STAGE} -DCMAKE_BUILD_TYPE=${CMAKE_BUILD_TYPE}
             -DCMAKE_C_COMPILER=${CMAKE_C_COMPILER} -DCMAKE_COMPILE_WARNING_AS_ERROR=ON
  BUILD_ALWAYS ON
  INSTALL_COMMAND ""
  DEPENDS stage)
