# The fault matrix, and proof that it would notice mistakes: the same cells with a library that has one.

# Writes a player whose library makes this mistake.
function(arkgrpc_mutant_player file mutant)
  file(WRITE ${file} "#!/bin/sh\nexec env ARKGRPC_MUTANT=${mutant} "
                     "LD_PRELOAD=\"${ARKGRPC_MUTANT_LIBRARY}\" \"${ARKGRPC_PLAYER}\" \"$@\"\n")
  file(CHMOD ${file} PERMISSIONS OWNER_READ OWNER_WRITE OWNER_EXECUTE)
endfunction()

set(faults ${ARKGRPC_RUST_DIR}/debug/arkgrpc-faults)
arkgrpc_test(
  faults.matrix TIMEOUT 900
  ENVIRONMENT ARKGRPC_PLAYER=${ARKGRPC_PLAYER} ARKGRPC_SHIFTING_CLOCK=${ARKGRPC_SHIFTING_CLOCK}
  COMMAND ${faults})
foreach(mutant count_refusals fresh_latch retry_unavailable)
  set(mutant_player ${CMAKE_BINARY_DIR}/player-with-${mutant})
  arkgrpc_mutant_player(${mutant_player} ${mutant})
  arkgrpc_test(faults.finds-${mutant} TIMEOUT 300 ENVIRONMENT ARKGRPC_PLAYER=${mutant_player}
               COMMAND ${faults} --must-find ${mutant})
endforeach()
