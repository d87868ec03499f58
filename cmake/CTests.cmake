# tests/c is a project of its own, configured against the staged install; its tests join this list.
# So do the examples and the snippets of the documentation.

set(c_tests_dir ${CMAKE_BINARY_DIR}/tests-c)
ExternalProject_Add(
  c_tests
  SOURCE_DIR ${CMAKE_CURRENT_SOURCE_DIR}/tests/c
  BINARY_DIR ${c_tests_dir}
  CMAKE_ARGS -DCMAKE_PREFIX_PATH=${ARKGRPC_STAGE}
             -DCMAKE_BUILD_TYPE=${CMAKE_BUILD_TYPE}
             -DCMAKE_C_COMPILER=${CMAKE_C_COMPILER}
             -DARKGRPC_TEST_RECORDS=${ARKGRPC_TEST_RECORDS}
             -DARKGRPC_FAULT_LIBRARY=${ARKGRPC_FAULT_LIBRARY}
             -DARKGRPC_LAUNCHER=${ARKGRPC_LAUNCHER}
             -DARKGRPC_ASAN_LIBRARY=${ARKGRPC_ASAN_LIBRARY}
             -DARKGRPC_ASAN_MISSING=${ARKGRPC_ASAN_MISSING}
             -DARKGRPC_THOROUGH=${ARKGRPC_THOROUGH}
             -DARKGRPC_BUILD_DIR=${CMAKE_BINARY_DIR}
  BUILD_ALWAYS ON
  INSTALL_COMMAND ""
  DEPENDS stage asan_library fault_injection_library)
set(ARKGRPC_PLAYER ${c_tests_dir}/player)
set(ARKGRPC_FAILING_CALLS ${c_tests_dir}/failing_calls.so)
set(ARKGRPC_SHIFTING_CLOCK ${c_tests_dir}/shifting_clock.so)

set(c_tests_list ${CMAKE_BINARY_DIR}/c-tests.cmake)
file(WRITE ${c_tests_list}
"if(EXISTS \"${c_tests_dir}/CTestTestfile.cmake\")
  subdirs(\"${c_tests_dir}\")
else()
  add_test(c.not_built sh -c \"echo 'tests/c is not built: run the build first'; exit 1\")
endif()
")
set_property(DIRECTORY APPEND PROPERTY TEST_INCLUDE_FILES ${c_tests_list})

foreach(example first_call quickstart)
  arkgrpc_test(devnet.example_${example} TIMEOUT 120
               COMMAND ${ARKGRPC_LAUNCHER} devnet -- ${CMAKE_BINARY_DIR}/examples-c/${example})
endforeach()

arkgrpc_test(
  devnet.demo-is-real TIMEOUT 120
  COMMAND sh ${ARKGRPC_SCRIPTS}/check-demo.sh ${ARKGRPC_LAUNCHER}
          ${CMAKE_BINARY_DIR}/examples-c/quickstart
          ${ARKGRPC_STAGE}/${CMAKE_INSTALL_LIBDIR}/${ARKGRPC_ABI_NAME})

arkgrpc_test(
  docs.c-snippets
  COMMAND sh ${ARKGRPC_SCRIPTS}/check-snippets.sh ${CMAKE_CURRENT_SOURCE_DIR} ${CMAKE_C_COMPILER}
          ${ARKGRPC_STAGE} ${CMAKE_INSTALL_LIBDIR} ${CMAKE_BINARY_DIR}/snippets)
arkgrpc_test(docs.readme-example
             COMMAND sh ${ARKGRPC_SCRIPTS}/check-readme-example.sh ${CMAKE_CURRENT_SOURCE_DIR})
