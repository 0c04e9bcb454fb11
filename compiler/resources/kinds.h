// SPDX-License-Identifier: Apache-2.0
// One decoder per kind. To add a kind: a struct in resources.h, a decoder here, a line in the table
// of known_kinds.cpp. To add a version of an SMI kind: a line in the table on top of its decoder.
#pragma once

#include <utility>

#include "compiler/resources/fields.h"

namespace smic::resources {

// Into object.meta; objects without a namespace are in `default`.
void read_metadata(const Fields& fields, bool namespaced);

// A decoder reads what it can, reports the rest, and adds the object to the set unless it failed.
using Decoder = void (*)(Object& object, const Fields& fields, Set& set);

void decode_namespace(Object& object, const Fields& fields, Set& set);
void decode_service_account(Object& object, const Fields& fields, Set& set);
void decode_service(Object& object, const Fields& fields, Set& set);
void decode_endpoint_slice(Object& object, const Fields& fields, Set& set);
void decode_endpoints(Object& object, const Fields& fields, Set& set);
void decode_pod(Object& object, const Fields& fields, Set& set);
void decode_workload(Object& object, const Fields& fields, Set& set);

void decode_http_route_group(Object& object, const Fields& fields, Set& set);
void decode_tcp_route(Object& object, const Fields& fields, Set& set);
void decode_udp_route(Object& object, const Fields& fields, Set& set);
void decode_traffic_target(Object& object, const Fields& fields, Set& set);
void decode_traffic_split(Object& object, const Fields& fields, Set& set);
void decode_identity_binding(Object& object, const Fields& fields, Set& set);

template <class Kind>
void keep(const Object& object, std::vector<Kind>& kinds, Kind kind) {
  if (!object.failed) kinds.push_back(std::move(kind));
}

}  // namespace smic::resources
