// SPDX-License-Identifier: Apache-2.0
// One SMI object judged alone, as admission does it: E-codes, and those W-codes that no other
// object can take back. A TrafficSplit may come before its Services, so what refers to others is
// no mistake here; the controller tells it by status and events, when everything is there to see.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "compiler/model/model.h"

namespace smic::api {

struct Judgement {
  std::vector<std::string> mistakes;  // "spec.backends[0].weight: … is negative [E12]"
  std::vector<std::string> warnings;
};

Judgement judge(const std::string& object, const model::Options& options);

}  // namespace smic::api
