// SPDX-License-Identifier: Apache-2.0
// v3 differs from v2 by BMI2 and AVX2; a node knows which it can run (runtime/program interprets
// the tables of what its CPU cannot). Adding a target is a line here and one in CMakeLists.txt.
#include "compiler/codegen/targets.h"

#include <algorithm>

#include "compiler/codegen/codegen.h"

extern const unsigned char smic_kernel_x86_64_v2[], smic_kernel_x86_64_v3[], smic_kernel_aarch64[];
extern const unsigned long smic_kernel_x86_64_v2_size, smic_kernel_x86_64_v3_size,
    smic_kernel_aarch64_size;

namespace smic::codegen {
namespace {

// Not constexpr: the sizes are known when the kernels are linked.
const Target* table() {
  static const Target list[] = {
#if defined(__aarch64__)
      {"aarch64",
       "aarch64-unknown-linux-gnu",
       "generic",
       {smic_kernel_aarch64, smic_kernel_aarch64_size}},
#endif
      {"x86_64-v2",
       "x86_64-unknown-linux-gnu",
       "x86-64-v2",
       {smic_kernel_x86_64_v2, smic_kernel_x86_64_v2_size}},
      {"x86_64-v3",
       "x86_64-unknown-linux-gnu",
       "x86-64-v3",
       {smic_kernel_x86_64_v3, smic_kernel_x86_64_v3_size}},
#if !defined(__aarch64__)
      {"aarch64",
       "aarch64-unknown-linux-gnu",
       "generic",
       {smic_kernel_aarch64, smic_kernel_aarch64_size}},
#endif
  };
  return list;
}

}  // namespace

std::span<const Target> all_targets() { return {table(), 3}; }

const Target* find_target(std::string_view name) {
  const auto found = std::ranges::find(all_targets(), name, &Target::name);
  return found == all_targets().end() ? nullptr : &*found;
}

const std::vector<std::string>& targets() {
  static const std::vector<std::string> names = [] {
    std::vector<std::string> list;
    for (const Target& target : all_targets()) list.emplace_back(target.name);
    return list;
  }();
  return names;
}

}  // namespace smic::codegen
