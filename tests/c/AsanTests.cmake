# The programs once more, with the address sanitizer in them and in the library
# (ARKGRPC_ASAN_LIBRARY).

# Not here: `environment` watches getenv(), which the sanitizer itself calls before the program is
# up; `fork_on_daemon` forks beside running threads, in which the sanitizer's own heap may stay
# locked in the child; `starvation` and the sanitizer's search for leaks both trace threads;
# `guest_on_daemon` and the small stack of `host_state` measure stack, which the sanitizer
# multiplies.
set(asan_offline admission cancel close_under_load deadline handles inputs life_cycle log_hook
                 options scarcity silence version wrong_config wrong_json)
set(asan_on_daemon payments_on_daemon threads_on_daemon)
set(asan_sources ${asan_offline} ${asan_on_daemon} cycles hammer planted_faults server_death)
# A thread that was cancelled leaves marks on its stack, on which the sanitizer then trips when it
# takes its signal stack away.
set(asan_options ASAN_OPTIONS=detect_leaks=1:use_sigaltstack=0)
if(NOT ARKGRPC_ASAN_MISSING)
  set(ARKGRPC_ASAN_MISSING "ARKGRPC_ASAN_LIBRARY is not set")
endif()

function(arkgrpc_asan_test name)
  if(ARKGRPC_ASAN_LIBRARY)
    arkgrpc_test(asan.${name} NEEDS asan TIMEOUT 300 ENVIRONMENT ${asan_options} ${ARGN})
  else()
    arkgrpc_skipped_test(asan.${name} asan "${ARKGRPC_ASAN_MISSING}")
  endif()
endfunction()

if(ARKGRPC_ASAN_LIBRARY)
  add_library(asan_harness STATIC ${harness_sources})
  target_link_libraries(asan_harness PUBLIC Threads::Threads ${ARKGRPC_ASAN_LIBRARY})
  target_include_directories(
    asan_harness PUBLIC ${CMAKE_CURRENT_SOURCE_DIR} ${CMAKE_CURRENT_BINARY_DIR}/generated
                        ${include_dir})
  target_compile_definitions(asan_harness PUBLIC ${harness_definitions}
                                                 CRATE_VERSION="${arkgrpc_VERSION}")
  target_compile_options(asan_harness PUBLIC -fsanitize=address -fno-omit-frame-pointer)
  target_link_options(asan_harness PUBLIC -fsanitize=address)
  foreach(program ${asan_sources})
    add_executable(asan_${program} ${program}.c)
    target_link_libraries(asan_${program} PRIVATE asan_harness ${CMAKE_DL_LIBS})
    set_target_properties(asan_${program} PROPERTIES ENABLE_EXPORTS ON)
  endforeach()
endif()

set(under_devnet ${ARKGRPC_LAUNCHER} devnet --)
foreach(program ${asan_offline})
  arkgrpc_asan_test(${program} COMMAND $<TARGET_FILE:asan_${program}>)
endforeach()
arkgrpc_asan_test(cycles COMMAND $<TARGET_FILE:asan_cycles> refused 300)
foreach(program ${asan_on_daemon})
  arkgrpc_asan_test(${program} COMMAND ${under_devnet} $<TARGET_FILE:asan_${program}>)
endforeach()
arkgrpc_asan_test(tls-cycles COMMAND ${under_devnet} $<TARGET_FILE:asan_cycles> daemon 50)
arkgrpc_asan_test(hammer COMMAND ${under_devnet} $<TARGET_FILE:asan_hammer> 15)
arkgrpc_asan_test(server_death COMMAND $<TARGET_FILE:asan_server_death> ${ARKGRPC_LAUNCHER})

# What the sanitizer must see; each of these ends the program with its code 1.
set(must_find sh ${CMAKE_CURRENT_SOURCE_DIR}/scripts/must-find.sh 1)
arkgrpc_asan_test(control-freed-in-rust COMMAND ${must_find} "heap-use-after-free"
                                                $<TARGET_FILE:asan_planted_faults> freed-in-rust)
arkgrpc_asan_test(control-freed-in-c COMMAND ${must_find} "heap-use-after-free"
                                             $<TARGET_FILE:asan_planted_faults> freed-in-c)
arkgrpc_asan_test(control-leak COMMAND ${must_find} "detected memory leaks"
                                       $<TARGET_FILE:asan_planted_faults> leak)
