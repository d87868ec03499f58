# The library with the address sanitizer inside, for C programs that have it too.
#
# rustc links no sanitizer runtime into a shared library, so the one of the C compiler serves
# both, as long as they agree on its interface (version 8 since many years). The sanitizer of a C
# program alone sees leaks and what C does to freed memory, but not what the Rust code itself does
# to it. The flag is not stable: RUSTC_BOOTSTRAP opens it in a stable compiler. Whether all of
# this works is found out by trying it; where it does not, the tests of this tier are skipped
# aloud.

set(ARKGRPC_ASAN_DIR ${CMAKE_BINARY_DIR}/asan)
set(ARKGRPC_ASAN_LIBRARY "")
find_program(RUSTC_EXECUTABLE rustc HINTS $ENV{CARGO_HOME}/bin $ENV{HOME}/.cargo/bin)
set(asan_flags RUSTC_BOOTSTRAP=1 RUSTFLAGS=-Zsanitizer=address)

# Sets `variable` to the reason why it does not work, or to nothing.
function(arkgrpc_probe_asan triple variable)
  set(probe ${CMAKE_CURRENT_SOURCE_DIR}/cmake/asan-probe)
  set(work ${CMAKE_BINARY_DIR}/asan-probe)
  set(host ${work}/host)
  file(MAKE_DIRECTORY ${work})
  foreach(step "RUSTC;-Zsanitizer=address;--crate-type;cdylib;--edition;2024;-o;${work}/libfreed.so"
               "CC;${probe}/host.c;${work}/libfreed.so;-Wl,-rpath,${work};-o;${host}")
    list(POP_FRONT step compiler)
    if(compiler STREQUAL RUSTC)
      list(APPEND step --target ${triple} ${probe}/freed.rs)
      list(PREPEND step ${CMAKE_COMMAND} -E env RUSTC_BOOTSTRAP=1 ${RUSTC_EXECUTABLE})
    else()
      list(PREPEND step ${CMAKE_C_COMPILER} -fsanitize=address)
    endif()
    execute_process(COMMAND ${step} RESULT_VARIABLE code OUTPUT_QUIET ERROR_QUIET)
    if(NOT code EQUAL 0)
      set(${variable} "the address sanitizer of ${compiler} does not work" PARENT_SCOPE)
      return()
    endif()
  endforeach()
  execute_process(COMMAND ${host} RESULT_VARIABLE sound OUTPUT_QUIET ERROR_QUIET)
  execute_process(COMMAND ${host} fault RESULT_VARIABLE faulty OUTPUT_QUIET ERROR_VARIABLE report)
  set(${variable} "" PARENT_SCOPE)
  if(NOT sound EQUAL 0)
    set(${variable} "a program with both sanitizers does not start" PARENT_SCOPE)
  elseif(faulty EQUAL 0 OR NOT report MATCHES "heap-use-after-free")
    set(${variable} "the sanitizer does not see into Rust code" PARENT_SCOPE)
  endif()
endfunction()

execute_process(COMMAND ${RUSTC_EXECUTABLE} -vV OUTPUT_VARIABLE version)
string(REGEX MATCH "host: ([^\n]+)" _ "${version}")
set(triple "${CMAKE_MATCH_1}")
if(triple MATCHES "linux-gnu$")
  arkgrpc_probe_asan(${triple} ARKGRPC_ASAN_MISSING)
else()
  set(ARKGRPC_ASAN_MISSING "only tried on Linux with glibc")
endif()

if(NOT ARKGRPC_ASAN_MISSING)
  set(asan_output ${ARKGRPC_ASAN_DIR}/${triple}/debug)
  set(ARKGRPC_ASAN_LIBRARY ${asan_output}/${ARKGRPC_LINK_NAME})
  # --target keeps the flags away from build scripts and macros. Fault injection brings the planted
  # fault of the control.
  add_custom_target(
    asan_library ALL
    COMMAND ${CMAKE_COMMAND} -E env ${asan_flags} ${ARKGRPC_CARGO} build --locked -p arkgrpc --lib
            --features fault-injection --target ${triple} --target-dir ${ARKGRPC_ASAN_DIR}
    COMMAND ${CMAKE_COMMAND} -E create_symlink ${ARKGRPC_LINK_NAME}
            ${asan_output}/${ARKGRPC_ABI_NAME}
    WORKING_DIRECTORY ${CMAKE_CURRENT_SOURCE_DIR}
    COMMENT "Building the library with the address sanitizer"
    VERBATIM)
else()
  add_custom_target(asan_library)
endif()
