// SPDX-License-Identifier: Apache-2.0
// What a node is told to answer DNS questions from: a pure function of what was read.
#pragma once

#include <string>
#include <vector>

#include "controller/controller.h"

namespace smic::controller {

// The label by which a namespace opts in whole (DESIGN §7): `smic.dev/names: plain`.
inline constexpr const char* kNamesLabel = "smic.dev/names";

// `addresses` has the meshed Services. All of an opted-in namespace's Services are told, meshed or
// not, since the node answers for the namespace as a whole.
contract::Names service_names(const Frontend& front, const AddressPlan::Addresses& addresses,
                              std::vector<std::string> mesh_zones, std::string cluster_domain);

// Namespaces that opted in.
bool has_plain_names(const resources::Namespace& object);

// Of one Service, without its mesh addresses.
contract::ServiceNames names_of(const model::Service& service, const resources::Service& object);

}  // namespace smic::controller
