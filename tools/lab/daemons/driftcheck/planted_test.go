// The tree of .proto files that agrees with the published packages, and the drifts planted in it.

package main

const (
	lightningFile = "lnrpc/lightning.proto"
	routerFile    = "routerrpc/router.proto"
	assetsFile    = "taprpc/taprootassets.proto"
)

// agreeingFiles uses each construct that is compared: streams, imports, maps, oneofs, labels, enums
// at the top and inside a message, and messages of both daemons.
var agreeingFiles = map[string]string{
	lightningFile: `syntax = "proto3";
package lnrpc;
service Lightning {
  rpc GetInfo(GetInfoRequest) returns (GetInfoResponse);
}
service State {
  rpc SubscribeState(SubscribeStateRequest) returns (stream SubscribeStateResponse);
}
message GetInfoRequest {}
message GetInfoResponse {
  string alias = 2;
  repeated string uris = 12;
  map<uint32, Feature> features = 19;
}
message Feature { bool is_known = 4; }
message ChannelPoint {
  oneof funding_txid {
    bytes funding_txid_bytes = 1;
  }
  uint32 output_index = 3;
}
message BlindedPathConfig { optional uint32 num_hops = 2; }
message SubscribeStateRequest {}
message SubscribeStateResponse { WalletState state = 1; }
enum WalletState {
  NON_EXISTING = 0;
  WAITING_TO_START = 255;
}
message Payment {
  enum PaymentStatus {
    UNKNOWN = 0;
    IN_FLIGHT = 1;
    INITIATED = 4;
  }
  PaymentStatus status = 10;
}
`,
	routerFile: `syntax = "proto3";
package routerrpc;
import "lnrpc/lightning.proto";
service Router {
  rpc SendPaymentV2(SendPaymentRequest) returns (stream lnrpc.Payment);
  rpc HtlcInterceptor(stream ForwardHtlcInterceptResponse)
      returns (stream ForwardHtlcInterceptRequest);
}
message SendPaymentRequest { repeated uint64 outgoing_chan_ids = 19; }
message ForwardHtlcInterceptRequest { map<uint64, bytes> custom_records = 8; }
message ForwardHtlcInterceptResponse {}
`,
	assetsFile: `syntax = "proto3";
package taprpc;
message GenesisInfo { bytes asset_id = 4; }
`,
}

// agreeing is replaced by planted in one file; report is the one line this has to cause.
var plantedDrifts = []struct{ name, file, agreeing, planted, report string }{
	{"wrong field number", lightningFile, "alias = 2", "alias = 3",
		"lnrpc/lightning.proto:11: lnrpc.GetInfoResponse.alias: " +
			"ours `string alias = 3`, theirs `string alias = 2`"},
	{"wrong scalar type", lightningFile, "string alias", "bytes alias",
		"lnrpc/lightning.proto:11: lnrpc.GetInfoResponse.alias: " +
			"ours `bytes alias = 2`, theirs `string alias = 2`"},
	{"wrong message type", lightningFile, "map<uint32, Feature>", "map<uint32, ChannelPoint>",
		"lnrpc/lightning.proto:13: lnrpc.GetInfoResponse.features: ours `map<uint32, " +
			"lnrpc.ChannelPoint> features = 19`, theirs `map<uint32, lnrpc.Feature> " +
			"features = 19`"},
	{"wrong map key", routerFile, "map<uint64, bytes>", "map<uint32, bytes>",
		"routerrpc/router.proto:10: routerrpc.ForwardHtlcInterceptRequest.custom_records: " +
			"ours `map<uint32, bytes> custom_records = 8`, " +
			"theirs `map<uint64, bytes> custom_records = 8`"},
	{"wrong enum type", lightningFile, "  PaymentStatus status", "  WalletState status",
		"lnrpc/lightning.proto:35: lnrpc.Payment.status: ours `lnrpc.WalletState status = 10`, " +
			"theirs `lnrpc.Payment.PaymentStatus status = 10`"},
	{"wrong field name", lightningFile, "string alias = 2", "string moniker = 2",
		"lnrpc/lightning.proto:11: lnrpc.GetInfoResponse.moniker: " +
			"ours `string moniker = 2`, theirs `string alias = 2`"},
	{"field they lack", assetsFile, "bytes asset_id = 4;", "bytes asset_id = 4; bool odd = 99;",
		"taprpc/taprootassets.proto:3: taprpc.GenesisInfo.odd: " +
			"ours `bool odd = 99`, theirs `absent`"},
	{"wrong label", lightningFile, "repeated string uris", "string uris",
		"lnrpc/lightning.proto:12: lnrpc.GetInfoResponse.uris: " +
			"ours `string uris = 12`, theirs `repeated string uris = 12`"},
	{"lost presence", lightningFile, "optional uint32 num_hops", "uint32 num_hops",
		"lnrpc/lightning.proto:22: lnrpc.BlindedPathConfig.num_hops: " +
			"ours `uint32 num_hops = 2`, theirs `optional uint32 num_hops = 2`"},
	{"lost packing", routerFile, "= 19;", "= 19 [packed = false];",
		"routerrpc/router.proto:9: routerrpc.SendPaymentRequest.outgoing_chan_ids: " +
			"ours `repeated uint64 outgoing_chan_ids = 19`, " +
			"theirs `repeated uint64 outgoing_chan_ids = 19 [packed = true]`"},
	{"field outside its oneof", lightningFile,
		"oneof funding_txid {\n    bytes funding_txid_bytes = 1;\n  }",
		"bytes funding_txid_bytes = 1;",
		"lnrpc/lightning.proto:17: lnrpc.ChannelPoint.funding_txid_bytes: ours `bytes " +
			"funding_txid_bytes = 1`, theirs `bytes funding_txid_bytes = 1 in oneof funding_txid`"},
	{"field inside a foreign oneof", lightningFile, "  }\n  uint32 output_index = 3;",
		"    uint32 output_index = 3;\n  }",
		"lnrpc/lightning.proto:19: lnrpc.ChannelPoint.output_index: ours `uint32 " +
			"output_index = 3 in oneof funding_txid`, theirs `uint32 output_index = 3`"},
	{"enum value they lack", lightningFile, "INITIATED = 4;", "INITIATED = 4; LOST = 77;",
		"lnrpc/lightning.proto:33: lnrpc.Payment.LOST: ours `LOST = 77`, theirs `absent`"},
	{"wrong enum number", lightningFile, "WAITING_TO_START = 255", "WAITING_TO_START = 254",
		"lnrpc/lightning.proto:27: lnrpc.WAITING_TO_START: " +
			"ours `WAITING_TO_START = 254`, theirs `WAITING_TO_START = 255`"},
	{"wrong enum name", lightningFile, "IN_FLIGHT = 1", "FLYING = 1",
		"lnrpc/lightning.proto:32: lnrpc.Payment.FLYING: " +
			"ours `FLYING = 1`, theirs `IN_FLIGHT = 1`"},
	{"lost server stream", lightningFile, "(stream SubscribeState", "(SubscribeState",
		"lnrpc/lightning.proto:7: lnrpc.State.SubscribeState: " +
			"ours `rpc SubscribeState(lnrpc.SubscribeStateRequest) returns " +
			"(lnrpc.SubscribeStateResponse)`, theirs `rpc SubscribeState(" +
			"lnrpc.SubscribeStateRequest) returns (stream lnrpc.SubscribeStateResponse)`"},
	{"lost client stream", routerFile, "(stream ForwardHtlcInterceptRes",
		"(ForwardHtlcInterceptRes",
		"routerrpc/router.proto:6: routerrpc.Router.HtlcInterceptor: ours `rpc " +
			"HtlcInterceptor(routerrpc.ForwardHtlcInterceptResponse) returns (stream " +
			"routerrpc.ForwardHtlcInterceptRequest)`, theirs `rpc HtlcInterceptor(stream " +
			"routerrpc.ForwardHtlcInterceptResponse) returns (stream " +
			"routerrpc.ForwardHtlcInterceptRequest)`"},
	{"wrong request type", lightningFile, "GetInfo(GetInfoRequest)", "GetInfo(ChannelPoint)",
		"lnrpc/lightning.proto:4: lnrpc.Lightning.GetInfo: ours `rpc GetInfo(" +
			"lnrpc.ChannelPoint) returns (lnrpc.GetInfoResponse)`, theirs `rpc GetInfo(" +
			"lnrpc.GetInfoRequest) returns (lnrpc.GetInfoResponse)`"},
	{"wrong response type", lightningFile, "(GetInfoResponse)", "(Feature)",
		"lnrpc/lightning.proto:4: lnrpc.Lightning.GetInfo: ours `rpc GetInfo(" +
			"lnrpc.GetInfoRequest) returns (lnrpc.Feature)`, theirs `rpc GetInfo(" +
			"lnrpc.GetInfoRequest) returns (lnrpc.GetInfoResponse)`"},
	{"method they lack", lightningFile, "rpc GetInfo(", "rpc GuessInfo(",
		"lnrpc/lightning.proto:4: lnrpc.Lightning.GuessInfo: ours `rpc GuessInfo(" +
			"lnrpc.GetInfoRequest) returns (lnrpc.GetInfoResponse)`, theirs `absent`"},
	{"service they lack", lightningFile, "service Lightning", "service Thunder",
		"lnrpc/lightning.proto:3: lnrpc.Thunder: ours `service`, theirs `absent`"},
	{"message they lack", assetsFile, "message GenesisInfo", "message ExodusInfo",
		"taprpc/taprootassets.proto:3: taprpc.ExodusInfo: ours `message`, theirs `absent`"},
	{"enum they lack", lightningFile, "  PaymentStatus status",
		"  enum Mood { CALM = 0; }\n  PaymentStatus status",
		"lnrpc/lightning.proto:35: lnrpc.Payment.Mood: ours `enum`, theirs `absent`"},
	{"extension they lack", assetsFile, "message GenesisInfo",
		"import \"google/protobuf/descriptor.proto\";\n" +
			"extend google.protobuf.FieldOptions { bool odd = 50001; }\nmessage GenesisInfo",
		"taprpc/taprootassets.proto:4: taprpc.odd: ours `extension`, theirs `absent`"},
	{"another kind of element", assetsFile, "message GenesisInfo",
		"message AssetType {}\nmessage GenesisInfo",
		"taprpc/taprootassets.proto:3: taprpc.AssetType: ours `message`, theirs `enum`"},
}
