// SPDX-License-Identifier: Apache-2.0
// One SMI object judged as admission does it. Alone it is judged for mistakes: a TrafficSplit may
// come before its Services, so what refers to others is never one. Beside what else there is, if
// that is known, for warnings.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "compiler/diagnostics/diagnostics.h"
#include "compiler/model/model.h"

namespace smic::api {

struct Judgement {
  std::vector<std::string> mistakes;  // "spec.backends[0].weight: … is negative [E12]"
  std::vector<std::string> warnings;
};

struct Written {
  std::string kind, ns, name;
  std::shared_ptr<const std::string> text;
};

// What would be said of an object beside all others; places are in its text. Must not take long;
// nothing = not known now, and then only what no other object can take back is said. From any
// thread.
using InMesh = std::function<std::optional<std::vector<Diagnostic>>(const Written&)>;

Judgement judge(const std::string& object, const model::Options& options,
                const InMesh& in_mesh = nullptr);

}  // namespace smic::api
