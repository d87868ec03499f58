# What is compiled: the harness, one program for each topic, and the player of the scenarios.

set(CMAKE_C_STANDARD 11)
set(CMAKE_C_STANDARD_REQUIRED ON)
set(CMAKE_C_EXTENSIONS OFF)
add_compile_definitions(_GNU_SOURCE)
add_compile_options(-Wall -Wextra -Wpedantic -Werror)

set(harness_sources harness/check.c harness/frozen_thread.c harness/library.c harness/loopback.c
                    harness/process_state.c)
# Tests leave out statuses that they are not about; what the attribute does is for examples to obey.
set(harness_definitions TEST_CERTIFICATE="${CMAKE_CURRENT_SOURCE_DIR}/data/certificate.pem"
                        ARKGRPC_MUST_USE=)
add_library(harness STATIC ${harness_sources})
target_link_libraries(harness PUBLIC Threads::Threads)
target_include_directories(harness PUBLIC ${CMAKE_CURRENT_SOURCE_DIR}
                                          ${CMAKE_CURRENT_BINARY_DIR}/generated ${include_dir})
target_compile_definitions(harness PUBLIC ${harness_definitions})

set(offline_programs
    admission cancel close_under_load deadline environment handles health host_state inputs
    life_cycle log_hook metrics options scarcity silence streams version wrong_config wrong_json)
set(daemon_programs fork_on_daemon full_disk guest_on_daemon hammer health_on_daemon
                    payments_on_daemon server_death streams_on_daemon threads_on_daemon)
# Run in ways of their own.
set(other_programs cycles starvation)

foreach(program ${offline_programs} ${daemon_programs} ${other_programs})
  add_executable(${program} ${program}.c)
  target_link_libraries(${program} PRIVATE harness arkgrpc::arkgrpc)
endforeach()

# Their getenv() and pthread_create() must be the ones that the library finds.
set_target_properties(environment scarcity PROPERTIES ENABLE_EXPORTS ON)
target_link_libraries(scarcity PRIVATE ${CMAKE_DL_LIBS})
target_compile_definitions(
  environment PRIVATE FROZEN_LIST="${CMAKE_CURRENT_SOURCE_DIR}/data/environment.txt")
target_compile_definitions(
  version PRIVATE CRATE_VERSION="${arkgrpc_VERSION}")

# Loads libraries by path; linked to none, and without the harness's part that uses one.
add_executable(panic_guard panic_guard.c harness/check.c harness/process_state.c)
target_include_directories(panic_guard PRIVATE ${CMAKE_CURRENT_SOURCE_DIR} ${include_dir})
target_link_libraries(panic_guard PRIVATE Threads::Threads ${CMAKE_DL_LIBS})
target_compile_definitions(
  panic_guard
  PRIVATE TEST_CERTIFICATE="${CMAKE_CURRENT_SOURCE_DIR}/data/certificate.pem"
          FAULT_INJECTION_LIBRARY="${ARKGRPC_FAULT_LIBRARY}" SHIPPED_LIBRARY="${library}")

# Loaded in front of the C library.
foreach(preloaded failing_calls shifting_clock without_signal_mask)
  add_library(${preloaded} MODULE ${preloaded}.c)
  target_link_libraries(${preloaded} PRIVATE ${CMAKE_DL_LIBS})
  set_target_properties(${preloaded} PROPERTIES PREFIX "" SUFFIX .so)
endforeach()

add_executable(player player.c)
target_link_libraries(player PRIVATE arkgrpc::arkgrpc Threads::Threads)
