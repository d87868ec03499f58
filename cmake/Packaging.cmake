# What other build systems read: a CMake package and a pkg-config file, both free of absolute paths.
include(CMakePackageConfigHelpers)

# What a program that links the archive must link too; a test compares it with what rustc says.
if(APPLE)
  set(ARKGRPC_NATIVE_LIBRARIES "-framework CoreFoundation" -framework Security -liconv -lSystem
                               -lc -lm)
else()
  set(ARKGRPC_NATIVE_LIBRARIES -lgcc_s -lutil -lrt -lpthread -lm -ldl -lc)
endif()
list(JOIN ARKGRPC_NATIVE_LIBRARIES " " ARKGRPC_NATIVE_LIBRARIES_TEXT)

set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/arkgrpc)
configure_package_config_file(
  cmake/arkgrpcConfig.cmake.in ${CMAKE_BINARY_DIR}/package/arkgrpcConfig.cmake
  INSTALL_DESTINATION ${package_dir} PATH_VARS CMAKE_INSTALL_LIBDIR CMAKE_INSTALL_INCLUDEDIR
  NO_CHECK_REQUIRED_COMPONENTS_MACRO)
# The rule of the ABI: same major number, and not older than what was asked for.
write_basic_package_version_file(${CMAKE_BINARY_DIR}/package/arkgrpcConfigVersion.cmake
                                 COMPATIBILITY SameMajorVersion)
install(FILES ${CMAKE_BINARY_DIR}/package/arkgrpcConfig.cmake
              ${CMAKE_BINARY_DIR}/package/arkgrpcConfigVersion.cmake
        DESTINATION ${package_dir})

set(pkgconfig_dir ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
file(RELATIVE_PATH ARKGRPC_PREFIX_FROM_PKGCONFIG /prefix/${pkgconfig_dir} /prefix)
string(REGEX REPLACE "/$" "" ARKGRPC_PREFIX_FROM_PKGCONFIG "${ARKGRPC_PREFIX_FROM_PKGCONFIG}")
configure_file(cmake/arkgrpc.pc.in ${CMAKE_BINARY_DIR}/package/arkgrpc.pc @ONLY)
install(FILES ${CMAKE_BINARY_DIR}/package/arkgrpc.pc DESTINATION ${pkgconfig_dir})
