# The money test: callers by the thousand at a node with a ledger and faults by lot, and its controls,
# which must end with the exit code of what they do wrong.

set(money ${ARKGRPC_RUST_DIR}/debug/arkgrpc-money)
set(expect_exit sh ${CMAKE_CURRENT_SOURCE_DIR}/tests/money/expect-exit.sh)
if(ARKGRPC_THOROUGH)
  set(money_calls 10000000)
  set(money_timeout 86400)
else()
  set(money_calls 100000)
  set(money_timeout 1200)
endif()

arkgrpc_test(money.ledger TIMEOUT ${money_timeout} ENVIRONMENT ARKGRPC_PLAYER=${ARKGRPC_PLAYER}
             COMMAND ${money} --calls ${money_calls} --seed 1 --seed 2 --seed 3 --fresh-seed)

# Something was done twice: 3. Something was done that was said not to be: 4.
arkgrpc_test(money.control-status-code TIMEOUT 300 ENVIRONMENT ARKGRPC_PLAYER=${ARKGRPC_PLAYER}
             COMMAND ${expect_exit} 3 ${money} --calls 2000 --seed 1 --caller status-code)
arkgrpc_test(money.control-unknown-is-no TIMEOUT 300 ENVIRONMENT ARKGRPC_PLAYER=${ARKGRPC_PLAYER}
             COMMAND ${expect_exit} 4 ${money} --calls 2000 --seed 1 --caller unknown-is-no)
arkgrpc_test(money.control-blind TIMEOUT 300 ENVIRONMENT ARKGRPC_PLAYER=${blind_player}
             COMMAND ${expect_exit} 3 ${money} --calls 2000 --seed 1)
