# Which programs run in which tier: plain, under valgrind, and beside simulated daemons.

foreach(program ${offline_programs})
  arkgrpc_test(c.${program} TIMEOUT 180 COMMAND $<TARGET_FILE:${program}>)
endforeach()

if(ARKGRPC_FAULT_LIBRARY)
  arkgrpc_test(c.panic_guard TIMEOUT 120 COMMAND $<TARGET_FILE:panic_guard>)
else()
  arkgrpc_skipped_test(c.panic_guard - "ARKGRPC_FAULT_LIBRARY is not set")
endif()

# Those whose time bounds leave room for a machine that is thirty times slower, or that have none.
set(valgrind_programs handles inputs options version wrong_config)
find_program(VALGRIND_EXECUTABLE valgrind)
foreach(program ${valgrind_programs})
  if(VALGRIND_EXECUTABLE)
    arkgrpc_test(
      valgrind.${program} NEEDS valgrind TIMEOUT 900
      COMMAND ${VALGRIND_EXECUTABLE} --quiet --error-exitcode=99 --fair-sched=yes
              --leak-check=full --show-leak-kinds=definite,indirect
              --errors-for-leak-kinds=definite,indirect $<TARGET_FILE:${program}>)
  else()
    arkgrpc_skipped_test(valgrind.${program} valgrind "valgrind is not installed")
  endif()
endforeach()

# server_death starts and ends its daemons itself.
set(beside_daemons fork_on_daemon payments_on_daemon silence streams_on_daemon threads_on_daemon)
foreach(program ${beside_daemons})
  if(ARKGRPC_LAUNCHER)
    arkgrpc_test(devnet.${program} TIMEOUT 300
                 COMMAND ${ARKGRPC_LAUNCHER} devnet -- $<TARGET_FILE:${program}>)
  else()
    arkgrpc_skipped_test(devnet.${program} launcher "ARKGRPC_LAUNCHER is not set")
  endif()
endforeach()
if(ARKGRPC_LAUNCHER)
  arkgrpc_test(devnet.server_death TIMEOUT 600
               COMMAND $<TARGET_FILE:server_death> ${ARKGRPC_LAUNCHER})
  arkgrpc_test(devnet.server_death-control TIMEOUT 600
               COMMAND sh ${CMAKE_CURRENT_SOURCE_DIR}/scripts/dies-of-sigpipe.sh
                       $<TARGET_FILE:without_signal_mask> $<TARGET_FILE:server_death>
                       ${ARKGRPC_LAUNCHER})
  arkgrpc_test(devnet.player TIMEOUT 120
               COMMAND ${ARKGRPC_LAUNCHER} devnet -- sh
                       ${CMAKE_CURRENT_SOURCE_DIR}/scripts/player.sh $<TARGET_FILE:player>)
else()
  arkgrpc_skipped_test(devnet.server_death launcher "ARKGRPC_LAUNCHER is not set")
  arkgrpc_skipped_test(devnet.server_death-control launcher "ARKGRPC_LAUNCHER is not set")
  arkgrpc_skipped_test(devnet.player launcher "ARKGRPC_LAUNCHER is not set")
endif()
