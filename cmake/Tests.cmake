# All tests in one list. The labels are the tiers: rust, lint, library, c, valgrind, asan, devnet,
# faults, daemons, money, drift, docs. `ctest --test-dir build/test -L '^c$' --no-tests=error` runs one.

set(ARKGRPC_TEST_RECORDS ${CMAKE_BINARY_DIR}/test-records)
include(TestRegistration)
include(Go)
include(RustTests)
include(LintTests)
include(LibraryTests)
include(Asan)
include(CTests)
include(FaultTests)
include(DaemonTests)
include(MoneyTests)

# Around every selection of tests: the records begin empty and end as a summary.
add_test(NAME records.begin COMMAND sh ${ARKGRPC_SCRIPTS}/begin-records.sh
                                    ${ARKGRPC_TEST_RECORDS} ${ARKGRPC_OPTIONAL_TOOLS})
add_test(NAME summary COMMAND sh ${ARKGRPC_SCRIPTS}/summary.sh ${ARKGRPC_TEST_RECORDS})
set_tests_properties(records.begin PROPERTIES FIXTURES_SETUP records)
set_tests_properties(summary PROPERTIES FIXTURES_CLEANUP records)

# A tier that lost its tests would pass in silence.
arkgrpc_test(
  library.no-tier-lost-its-tests
  COMMAND sh ${ARKGRPC_SCRIPTS}/count-tiers.sh ${CMAKE_CTEST_COMMAND} ${CMAKE_BINARY_DIR}
          rust=1 lint=7 library=9 c=33 valgrind=8 asan=22 devnet=16 faults=4 daemons=2 money=4
          drift=2 docs=2)
