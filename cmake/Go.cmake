# How Go programs of the laboratory are run: with the settings of the daemons' own build, so that what
# that build compiled is used again.

set(go_tags autopilotrpc,signrpc,walletrpc,chainrpc,invoicesrpc,watchtowerrpc,neutrinorpc)
string(APPEND go_tags ",monitoring,peersrpc")
set(ARKGRPC_IN_GO_MODULE
    ${CMAKE_COMMAND} -E chdir ${CMAKE_CURRENT_SOURCE_DIR}/tools/lab/daemons
    ${CMAKE_COMMAND} -E env CGO_ENABLED=0 "GOFLAGS=-trimpath -tags=${go_tags}")
