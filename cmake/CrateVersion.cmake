# The version stands once, in Cargo.toml.

# Sets `variable` to the version of the workspace; CMake runs again when Cargo.toml changes.
function(arkgrpc_crate_version variable)
  set(manifest ${CMAKE_CURRENT_SOURCE_DIR}/Cargo.toml)
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${manifest})
  file(STRINGS ${manifest} lines REGEX "^version = \"[0-9]+\\.[0-9]+\\.[0-9]+\"$" LIMIT_COUNT 1)
  if(NOT lines)
    message(FATAL_ERROR "Cargo.toml has no line `version = \"x.y.z\"`")
  endif()
  string(REGEX MATCH "[0-9]+\\.[0-9]+\\.[0-9]+" version "${lines}")
  set(${variable} ${version} PARENT_SCOPE)
endfunction()
