# The static library: a second run of cargo without fat link-time optimisation, because two Rust
# archives that have it do not link into one program.

set(ARKGRPC_STATIC_DIR ${CMAKE_BINARY_DIR}/static)
set(ARKGRPC_NATIVE_LIBRARIES_NOTE ${ARKGRPC_STATIC_DIR}/native-libraries.txt)

arkgrpc_cargo_keeping(cargo_keeping ${ARKGRPC_NATIVE_LIBRARIES_NOTE} "native-static-libs:")
add_custom_target(
  static_library ALL
  COMMAND ${cargo_keeping} rustc --profile release-static --locked --verbose -p arkgrpc --lib
          --crate-type staticlib --target-dir ${ARKGRPC_STATIC_DIR} -- --print native-static-libs
  WORKING_DIRECTORY ${CMAKE_CURRENT_SOURCE_DIR}
  COMMENT "Building the static library"
  VERBATIM)

install(FILES ${ARKGRPC_STATIC_DIR}/release-static/libarkgrpc.a
        DESTINATION ${CMAKE_INSTALL_LIBDIR})
