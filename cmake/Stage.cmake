# The staged install: the same rules as for a user's prefix, so what the tests and the demo use is
# what a user gets.

set(ARKGRPC_STAGE ${CMAKE_BINARY_DIR}/stage)
add_custom_target(
  stage ALL
  COMMAND ${CMAKE_COMMAND} --install ${CMAKE_BINARY_DIR} --prefix ${ARKGRPC_STAGE}
  COMMENT "Staging the library"
  VERBATIM)
add_dependencies(stage shared_library)
if(TARGET static_library)
  add_dependencies(stage static_library)
endif()
