# The target `demo`: the C quickstart talks to simulated daemons through the library just built.

add_custom_target(
  launcher
  COMMAND ${ARKGRPC_CARGO} build --locked -p arkgrpc-cli --target-dir ${ARKGRPC_RUST_DIR}
  WORKING_DIRECTORY ${CMAKE_CURRENT_SOURCE_DIR}
  COMMENT "Building the simulated daemons"
  VERBATIM)

add_custom_target(
  demo
  COMMAND ${ARKGRPC_LAUNCHER} devnet -- ${CMAKE_BINARY_DIR}/examples-c/quickstart
  USES_TERMINAL
  COMMENT "The C quickstart on simulated daemons"
  VERBATIM)
add_dependencies(demo launcher c_examples)
