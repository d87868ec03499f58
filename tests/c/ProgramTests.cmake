# Which programs run plain, and which beside simulated daemons.

foreach(program ${offline_programs})
  arkgrpc_test(c.${program} TIMEOUT 180 COMMAND $<TARGET_FILE:${program}>)
endforeach()

if(ARKGRPC_FAULT_LIBRARY)
  arkgrpc_test(c.panic_guard TIMEOUT 120 COMMAND $<TARGET_FILE:panic_guard>)
else()
  arkgrpc_skipped_test(c.panic_guard - "ARKGRPC_FAULT_LIBRARY is not set")
endif()

arkgrpc_test(c.starvation NEEDS ptrace TIMEOUT 180 COMMAND $<TARGET_FILE:starvation>)

# server_death starts and ends its daemons itself.
set(beside_daemons fork_on_daemon full_disk guest_on_daemon health_on_daemon payments_on_daemon
                   silence streams_on_daemon threads_on_daemon)
foreach(program ${beside_daemons})
  if(ARKGRPC_LAUNCHER)
    arkgrpc_test(devnet.${program} TIMEOUT 300
                 COMMAND ${ARKGRPC_LAUNCHER} devnet -- $<TARGET_FILE:${program}>)
  else()
    arkgrpc_skipped_test(devnet.${program} launcher "ARKGRPC_LAUNCHER is not set")
  endif()
endforeach()
if(ARKGRPC_LAUNCHER)
  arkgrpc_test(devnet.metrics-parser NEEDS python TIMEOUT 300
               COMMAND sh ${CMAKE_CURRENT_SOURCE_DIR}/scripts/read-metrics.sh ${ARKGRPC_LAUNCHER}
                       $<TARGET_FILE:metrics> ${CMAKE_CURRENT_BINARY_DIR}/metrics-parser)
else()
  arkgrpc_skipped_test(devnet.metrics-parser launcher "ARKGRPC_LAUNCHER is not set")
endif()
if(ARKGRPC_THOROUGH)
  set(hammer_seconds 300)
else()
  set(hammer_seconds 60)
endif()
if(ARKGRPC_LAUNCHER)
  arkgrpc_test(devnet.hammer TIMEOUT 600
               COMMAND ${ARKGRPC_LAUNCHER} devnet -- $<TARGET_FILE:hammer> ${hammer_seconds})
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
  arkgrpc_skipped_test(devnet.hammer launcher "ARKGRPC_LAUNCHER is not set")
  arkgrpc_skipped_test(devnet.server_death launcher "ARKGRPC_LAUNCHER is not set")
  arkgrpc_skipped_test(devnet.server_death-control launcher "ARKGRPC_LAUNCHER is not set")
  arkgrpc_skipped_test(devnet.player launcher "ARKGRPC_LAUNCHER is not set")
endif()
