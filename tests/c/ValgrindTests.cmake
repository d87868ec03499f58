# Programs under valgrind: no invalid access, and not one byte definitely or indirectly lost.
# Nothing is suppressed.

# Those whose time bounds leave room for a machine that is thirty times slower, or that have none.
set(valgrind_programs handles inputs options version wrong_config)
find_program(VALGRIND_EXECUTABLE valgrind)
# --fair-sched: without it a busy thread may keep the others from running at all.
set(valgrind ${VALGRIND_EXECUTABLE} --quiet --error-exitcode=99 --fair-sched=yes --leak-check=full
             --show-leak-kinds=definite,indirect --errors-for-leak-kinds=definite,indirect)
set(must_find sh ${CMAKE_CURRENT_SOURCE_DIR}/scripts/must-find.sh)
if(ARKGRPC_THOROUGH)
  set(tls_cycles 1000)
else()
  set(tls_cycles 200)
endif()

# arkgrpc_valgrind_test(<name> TIMEOUT seconds COMMAND ...)
function(arkgrpc_valgrind_test name)
  if(VALGRIND_EXECUTABLE)
    arkgrpc_test(valgrind.${name} NEEDS valgrind ${ARGN})
  else()
    arkgrpc_skipped_test(valgrind.${name} valgrind "valgrind is not installed")
  endif()
endfunction()

foreach(program ${valgrind_programs})
  arkgrpc_valgrind_test(${program} TIMEOUT 900 COMMAND ${valgrind} $<TARGET_FILE:${program}>)
endforeach()
arkgrpc_valgrind_test(cycles TIMEOUT 900 COMMAND ${valgrind} $<TARGET_FILE:cycles> refused 1000)
# Handshakes take their time there, so that these are apart and fewer. Uninitialised values are
# not looked for in them: valgrind takes some authentication tags that ring's assembly makes and
# checks for such values, although the peer accepts those tags, hence they are right.
if(ARKGRPC_LAUNCHER)
  arkgrpc_valgrind_test(
    tls-cycles TIMEOUT 1800
    COMMAND ${ARKGRPC_LAUNCHER} devnet -- ${valgrind} --undef-value-errors=no $<TARGET_FILE:cycles>
            daemon ${tls_cycles})
else()
  arkgrpc_skipped_test(valgrind.tls-cycles launcher "ARKGRPC_LAUNCHER is not set")
endif()
arkgrpc_valgrind_test(control-leak TIMEOUT 300
                      COMMAND ${must_find} 99 "definitely lost" ${valgrind} $<TARGET_FILE:cycles>
                              refused 20 result)

# The same counters of threads and descriptors without valgrind, and what they must notice.
arkgrpc_test(c.cycles TIMEOUT 180 COMMAND $<TARGET_FILE:cycles> refused 1000)
foreach(fault descriptor thread)
  arkgrpc_test(c.cycles-control-${fault} TIMEOUT 120
               COMMAND ${must_find} 1 "${fault}_count() is" $<TARGET_FILE:cycles> refused 20
                       ${fault})
endforeach()
