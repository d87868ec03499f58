# Scenarios on simulated and on real daemons, and the comparison of our .proto files with what the
# daemons publish.

# The daemons take a quarter of an hour to compile; they do so beside the Rust build, with what it
# leaves of the machine.
add_custom_target(
  daemons ALL
  COMMAND sh ${ARKGRPC_SCRIPTS}/build-daemons.sh ${ARKGRPC_RUST_DIR}/debug/arkgrpc-lab
  COMMENT "Building the real daemons at low priority"
  VERBATIM)
add_dependencies(daemons rust_lab)

set(scenarios ${ARKGRPC_RUST_DIR}/debug/arkgrpc-scenarios)
set(blind_player ${CMAKE_BINARY_DIR}/blind-player)
arkgrpc_mutant_player(${blind_player} fresh_latch)
set(player ARKGRPC_PLAYER=${ARKGRPC_PLAYER} ARKGRPC_PLAYER_BLIND=${blind_player})
foreach(suite scenarios money)
  arkgrpc_test(devnet.${suite} TIMEOUT 900 ENVIRONMENT ${player}
               COMMAND ${scenarios} --tier devnet --suite ${suite})
  arkgrpc_test(daemons.${suite} NEEDS go TIMEOUT 2400 ENVIRONMENT ${player}
               COMMAND ${scenarios} --tier daemons --suite ${suite})
endforeach()

arkgrpc_test(devnet.torture TIMEOUT 900
             ENVIRONMENT ${player} ARKGRPC_FAILING_CALLS=${ARKGRPC_FAILING_CALLS}
             COMMAND ${scenarios} --tier devnet --suite torture)

if(GO_EXECUTABLE)
  arkgrpc_test(drift.self-test NEEDS go TIMEOUT 1800
               COMMAND ${ARKGRPC_IN_GO_MODULE} ${GO_EXECUTABLE} test ./driftcheck)
  arkgrpc_test(drift.protos NEEDS go TIMEOUT 1800
               COMMAND ${ARKGRPC_IN_GO_MODULE} ${GO_EXECUTABLE} run ./driftcheck -proto
                       ${CMAKE_CURRENT_SOURCE_DIR}/proto)
else()
  arkgrpc_skipped_test(drift.self-test go "Go is not installed")
  arkgrpc_skipped_test(drift.protos go "Go is not installed")
endif()
