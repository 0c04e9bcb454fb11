// SPDX-License-Identifier: Apache-2.0
// Shadow objects as they are written: whole, to be made, and as a merge patch that brings one back
// to what it is to be, whoever edited it. For the .cpp files of this folder only.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "controller/shadow/standing.h"

namespace smic::shadow {

inline constexpr const char* kServiceNameLabel = "kubernetes.io/service-name";

using Labels = std::vector<std::pair<std::string, std::string>>;
Labels service_labels();
Labels slice_labels(const std::string& service);

struct ServiceToWrite {
  std::string ns, name, of;
  Targets targets;
  std::vector<IpFamily> families;  // empty: the cluster's default
};
std::string service_body(const ServiceToWrite& service, bool patch);

struct SliceToWrite {
  std::string ns, name, service, owner;
  IpFamily family = IpFamily::v4;
  Targets targets;
  const std::vector<SliceEndpoint>* endpoints = nullptr;  // not null
};
std::string slice_body(const SliceToWrite& slice);  // both in one

}  // namespace smic::shadow
