# The shared library as it is shipped. Its target directory is its own: a build that shares it with
# other packages would unify their features into it.

set(ARKGRPC_SHIPPED_DIR ${CMAKE_BINARY_DIR}/shipped)
set(ARKGRPC_SHIPPED_COMPILE_LINE ${ARKGRPC_SHIPPED_DIR}/compile-line.txt)
set(suffix ${CMAKE_SHARED_LIBRARY_SUFFIX})

if(APPLE)
  set(ARKGRPC_REAL_NAME libarkgrpc.${PROJECT_VERSION}${suffix})
  set(ARKGRPC_ABI_NAME libarkgrpc.${PROJECT_VERSION_MAJOR}${suffix})
else()
  set(ARKGRPC_REAL_NAME libarkgrpc${suffix}.${PROJECT_VERSION})
  set(ARKGRPC_ABI_NAME libarkgrpc${suffix}.${PROJECT_VERSION_MAJOR})
endif()
set(ARKGRPC_LINK_NAME libarkgrpc${suffix})

arkgrpc_cargo_keeping(cargo_keeping ${ARKGRPC_SHIPPED_COMPILE_LINE} "--crate-name arkgrpc ")
# cargo itself knows what is out of date, so it is asked every time.
add_custom_target(
  shared_library ALL
  COMMAND ${cargo_keeping} build --release --locked --verbose -p arkgrpc --lib
          --target-dir ${ARKGRPC_SHIPPED_DIR}
  WORKING_DIRECTORY ${CMAKE_CURRENT_SOURCE_DIR}
  COMMENT "Building the shared library"
  VERBATIM)

set(links ${CMAKE_BINARY_DIR}/links)
file(MAKE_DIRECTORY ${links})
file(CREATE_LINK ${ARKGRPC_REAL_NAME} ${links}/${ARKGRPC_ABI_NAME} SYMBOLIC)
file(CREATE_LINK ${ARKGRPC_ABI_NAME} ${links}/${ARKGRPC_LINK_NAME} SYMBOLIC)

install(PROGRAMS ${ARKGRPC_SHIPPED_DIR}/release/${ARKGRPC_LINK_NAME}
        DESTINATION ${CMAKE_INSTALL_LIBDIR} RENAME ${ARKGRPC_REAL_NAME})
install(FILES ${links}/${ARKGRPC_ABI_NAME} ${links}/${ARKGRPC_LINK_NAME}
        DESTINATION ${CMAKE_INSTALL_LIBDIR})
install(FILES include/arkgrpc.h DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
