# Finds cargo and says how it is run.

find_program(CARGO_EXECUTABLE cargo HINTS $ENV{CARGO_HOME}/bin $ENV{HOME}/.cargo/bin)
if(NOT CARGO_EXECUTABLE)
  message(FATAL_ERROR "cargo was not found: install Rust 1.88 or newer, see https://rustup.rs")
endif()

set(ARKGRPC_SCRIPTS ${CMAKE_CURRENT_SOURCE_DIR}/cmake/scripts)

# make offers its job server by descriptors that a custom command does not inherit; cargo would
# complain about them. It counts the processors itself.
set(ARKGRPC_CARGO ${CMAKE_COMMAND} -E env --unset=MAKEFLAGS --unset=MFLAGS --unset=MAKELEVEL
                  ${CARGO_EXECUTABLE})

# The same, and keeps the lines of cargo's verbose output that match `pattern` in `file`.
macro(arkgrpc_cargo_keeping variable file pattern)
  set(${variable} ${CMAKE_COMMAND} -E env --unset=MAKEFLAGS --unset=MFLAGS --unset=MAKELEVEL
                  sh ${ARKGRPC_SCRIPTS}/cargo-keeping.sh ${file} ${pattern} ${CARGO_EXECUTABLE})
endmacro()
