# Promises about the built library itself: how it was compiled, what it exports, what its header and
# its package files say.

set(codegen ${ARKGRPC_RUST_DIR}/debug/arkgrpc-codegen)
set(in_source ${CMAKE_COMMAND} -E chdir ${CMAKE_CURRENT_SOURCE_DIR})
set(staged_library ${ARKGRPC_STAGE}/${CMAKE_INSTALL_LIBDIR}/${ARKGRPC_REAL_NAME})

arkgrpc_test(library.header-is-fresh COMMAND ${in_source} ${codegen} header --check)
arkgrpc_test(library.registry-text-is-fresh COMMAND ${in_source} ${codegen} registry --check)
arkgrpc_test(library.symbols-and-versions COMMAND ${in_source} ${codegen} check-library
                                                  ${staged_library})
arkgrpc_test(library.fat-lto COMMAND sh ${ARKGRPC_SCRIPTS}/check-compile-line.sh
                                     ${ARKGRPC_SHIPPED_COMPILE_LINE})
arkgrpc_test(library.no-server-feature
             COMMAND ${in_source} sh ${ARKGRPC_SCRIPTS}/check-features.sh ${CARGO_EXECUTABLE})
arkgrpc_test(
  library.native-libraries
  COMMAND sh ${ARKGRPC_SCRIPTS}/check-native-libraries.sh ${ARKGRPC_NATIVE_LIBRARIES_NOTE}
          ${ARKGRPC_STAGE}/${CMAKE_INSTALL_LIBDIR}/pkgconfig/arkgrpc.pc)
arkgrpc_test(library.no-machine-paths
             COMMAND sh ${ARKGRPC_SCRIPTS}/check-no-paths.sh ${ARKGRPC_STAGE}/${CMAKE_INSTALL_LIBDIR})
arkgrpc_test(library.glibc-floor
             COMMAND sh ${ARKGRPC_SCRIPTS}/check-glibc.sh ${staged_library}
                     ${CMAKE_CURRENT_SOURCE_DIR}/docs/compatibility.md)
arkgrpc_test(library.layout COMMAND sh ${ARKGRPC_SCRIPTS}/check-layout.sh ${ARKGRPC_STAGE}
                                    ${CMAKE_INSTALL_LIBDIR} ${PROJECT_VERSION})
