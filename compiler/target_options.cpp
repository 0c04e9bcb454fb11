// SPDX-License-Identifier: Apache-2.0
// Tested by tests/unit/compile/target_options_test.cpp.
#include "compiler/target_options.h"

#include <set>

#include "compiler/codegen/codegen.h"
#include "contract/image.h"

namespace smic {
namespace {

Taken take_target(const std::string& name, std::set<std::string>& targets) {
  std::vector<std::string> known = codegen::targets();
  known.emplace_back(contract::kPortableTarget);
  for (const std::string& each : known) {
    if (each != name) continue;
    if (name != contract::kPortableTarget) targets.insert(name);
    return {};
  }
  return UsageError(not_one_of(name, known));
}

}  // namespace

Option targets_option(std::vector<std::string>& targets, const std::string& standard) {
  return {
      "--targets", "TARGET,...",
      "CPUs that small units get code for, beside their tables:\n" +
          join_words(codegen::targets(), ", ") + ";\nportable is none (default: " + standard + ")",
      [&targets](const std::string& given) -> Taken {
        std::set<std::string> chosen;
        for (std::size_t begin = 0; begin <= given.size();) {
          const std::size_t comma = std::min(given.find(',', begin), given.size());
          if (auto taken = take_target(given.substr(begin, comma - begin), chosen); !taken) {
            return taken;
          }
          begin = comma + 1;
        }
        targets.assign(chosen.begin(), chosen.end());
        return {};
      },
      [&targets] {
        return targets.empty() ? std::string(contract::kPortableTarget) : join_words(targets, ",");
      }};
}

std::vector<std::string> all_targets() {
  const std::set<std::string> sorted(codegen::targets().begin(), codegen::targets().end());
  return {sorted.begin(), sorted.end()};
}

}  // namespace smic
