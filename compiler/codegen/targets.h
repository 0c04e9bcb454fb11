// SPDX-License-Identifier: Apache-2.0
// The CPU targets, each with the kernel compiled for it when smic was built.
#pragma once

#include <cstddef>
#include <span>
#include <string_view>

namespace smic::codegen {

struct Target {
  std::string_view name;  // as images and --target say it
  const char* triple;
  const char* cpu;
  std::span<const unsigned char> kernel;  // contract/kernel.cpp as an ELF object
};

std::span<const Target> all_targets();
const Target* find_target(std::string_view name);  // null if unknown

}  // namespace smic::codegen
