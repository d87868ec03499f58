// The other side of the comparison: importing these packages registers the descriptors that lnd and
// taproot-assets were built from in protoregistry.GlobalFiles.

package main

import (
	_ "github.com/lightninglabs/taproot-assets/taprpc"
	_ "github.com/lightninglabs/taproot-assets/taprpc/assetwalletrpc"
	_ "github.com/lightninglabs/taproot-assets/taprpc/mintrpc"
	_ "github.com/lightninglabs/taproot-assets/taprpc/rfqrpc"
	_ "github.com/lightninglabs/taproot-assets/taprpc/tapchannelrpc"
	_ "github.com/lightninglabs/taproot-assets/taprpc/universerpc"
	_ "github.com/lightningnetwork/lnd/lnrpc"
	_ "github.com/lightningnetwork/lnd/lnrpc/chainrpc"
	_ "github.com/lightningnetwork/lnd/lnrpc/invoicesrpc"
	_ "github.com/lightningnetwork/lnd/lnrpc/routerrpc"
	_ "github.com/lightningnetwork/lnd/lnrpc/signrpc"
	_ "github.com/lightningnetwork/lnd/lnrpc/verrpc"
	_ "github.com/lightningnetwork/lnd/lnrpc/walletrpc"
)
