# The header alone: every language standard that it promises, and the importers of other languages.

set(strict -Wall -Wextra -Werror -pedantic -fsyntax-only -I${include_dir})
set(program ${CMAKE_CURRENT_SOURCE_DIR}/header/header_alone.c)
find_program(CLANG_EXECUTABLE clang)
find_program(GO_EXECUTABLE go HINTS /usr/local/go/bin)

foreach(standard c99 c11 c17)
  arkgrpc_test(c.header-${standard} COMMAND ${CMAKE_C_COMPILER} -std=${standard} ${strict} ${program})
endforeach()
foreach(standard c++11 c++14 c++17 c++20)
  if(CMAKE_CXX_COMPILER)
    arkgrpc_test(c.header-${standard} NEEDS cxx
                 COMMAND ${CMAKE_CXX_COMPILER} -x c++ -std=${standard} ${strict} ${program})
  else()
    arkgrpc_skipped_test(c.header-${standard} cxx "there is no C++ compiler")
  endif()
endforeach()

# A standard's worth of warnings more, and the way Swift reads C.
if(CLANG_EXECUTABLE)
  arkgrpc_test(c.header-clang NEEDS clang
               COMMAND ${CLANG_EXECUTABLE} -std=c11 -Weverything -Wno-padded
                       -Wno-declaration-after-statement -Wno-unsafe-buffer-usage
                       -Wno-unknown-warning-option ${strict} ${program})
  file(CONFIGURE OUTPUT ${CMAKE_CURRENT_BINARY_DIR}/modules/module.modulemap
       CONTENT "module Arkgrpc { header \"${header}\" export * }\n" @ONLY)
  arkgrpc_test(
    c.module-map NEEDS clang
    COMMAND ${CLANG_EXECUTABLE} -fmodules -fmodules-cache-path=${CMAKE_CURRENT_BINARY_DIR}/modules
            -fmodule-map-file=${CMAKE_CURRENT_BINARY_DIR}/modules/module.modulemap -std=gnu11
            -Wall -Wextra -Werror -fsyntax-only
            ${CMAKE_CURRENT_SOURCE_DIR}/header/module_import.c)
else()
  arkgrpc_skipped_test(c.header-clang clang "clang is not installed")
  arkgrpc_skipped_test(c.module-map clang "clang is not installed")
endif()

set(go_constants ${CMAKE_CURRENT_SOURCE_DIR}/scripts/go-constants.sh)
if(GO_EXECUTABLE)
  arkgrpc_test(c.go-constants NEEDS go
               COMMAND sh ${go_constants} ${GO_EXECUTABLE} ${header} ${library_dir}
                       ${CMAKE_CURRENT_BINARY_DIR}/go-constants)
else()
  arkgrpc_skipped_test(c.go-constants go "Go is not installed")
endif()
