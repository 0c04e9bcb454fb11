// SPDX-License-Identifier: Apache-2.0
// Which addresses the Services of an input have, by the plans that need nothing but the input:
// loopback, as `smic up` has it, and node, as a cluster does (docs/addresses.md).
#pragma once

#include <string>
#include <vector>

#include "compiler/compile.h"
#include "controller/node_plan.h"

namespace smic::cli {

struct MeshPlace {
  std::vector<std::string> loopback;
  // Empty where nobody can know yet: it follows from a cluster IP, which the input does not have.
  std::vector<std::string> node;
};

class MeshAddresses {
 public:
  MeshAddresses(const Frontend& front, const controller::MeshRanges& ranges);

  // Both empty: it is no meshed Service.
  MeshPlace of(const ir::ServiceRef& service) const;

 private:
  const Frontend& front_;
  controller::AddressPlan::Addresses loopback_, node_;
};

}  // namespace smic::cli
