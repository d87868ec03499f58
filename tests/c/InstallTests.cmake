# Installed somewhere, moved elsewhere, and used from a clean folder by both ways of finding it.

find_program(PKG_CONFIG_EXECUTABLE pkg-config)
set(install_test ${CMAKE_CURRENT_SOURCE_DIR}/scripts/install.sh)
if(ARKGRPC_BUILD_DIR)
  arkgrpc_test(c.install-find_package TIMEOUT 120
               COMMAND sh ${install_test} find_package ${CMAKE_COMMAND} ${ARKGRPC_BUILD_DIR}
                       ${CMAKE_CURRENT_BINARY_DIR}/install ${CMAKE_C_COMPILER})
  if(PKG_CONFIG_EXECUTABLE)
    arkgrpc_test(c.install-pkg-config NEEDS pkg-config TIMEOUT 120
                 COMMAND sh ${install_test} pkg_config ${CMAKE_COMMAND} ${ARKGRPC_BUILD_DIR}
                         ${CMAKE_CURRENT_BINARY_DIR}/install ${CMAKE_C_COMPILER})
  else()
    arkgrpc_skipped_test(c.install-pkg-config pkg-config "pkg-config is not installed")
  endif()
else()
  arkgrpc_skipped_test(c.install-find_package - "ARKGRPC_BUILD_DIR is not set")
  arkgrpc_skipped_test(c.install-pkg-config - "ARKGRPC_BUILD_DIR is not set")
endif()
