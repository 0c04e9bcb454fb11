// SPDX-License-Identifier: Apache-2.0
// A decision in, an image out. LLVM's compiling half has its door here; no type of it leaves.
//
// Code for the shape, data for what is large or differs from unit to unit. What depends on few
// numbers becomes LLVM IR with those numbers in it: how every route is split, and the whole match
// of a unit with few patterns or none. Header conditions and units with more patterns stay in the
// tables, and the unit's code calls the kernel (contract/kernel.h), which was compiled for every
// target when smic was built. Code, kernel and tables are linked into one ELF object with nothing
// but text and read-only data. A unit whose match is the kernel's altogether gets an image of
// tables alone; others get one too, for CPUs that no code was made for.
//
// Deterministic: no addresses, times or paths in the output, and nothing depends on the builder.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "compiler/decision/decision.h"
#include "contract/image.h"

namespace smic::codegen {

// Known targets; the first is this machine's baseline.
const std::vector<std::string>& targets();

std::string emit_llvm(const decision::Decision& decision,
                      std::string_view target);  // after optimising
std::string emit_assembly(const decision::Decision& decision, std::string_view target);
Result<contract::Bytes> emit_object(const decision::Decision& decision, std::string_view target);
// With code for the target if there is code to make, else of tables alone, as for "portable".
Result<contract::Bytes> emit_image(const decision::Decision& decision, std::string_view target);

// All images of a unit: its tables, for any CPU, and beside them code for each of `targets`.
struct Images {
  contract::Bytes tables;
  std::vector<contract::Bytes> native;  // as `targets`; empty if code would only call the kernel
};
Result<Images> emit_images(const decision::Decision& decision,
                           std::span<const std::string> targets);

// For `smic compile --stats`: what of a decision becomes code.
struct CodeFigures {
  bool match_is_code = false;
  std::optional<std::size_t> path_ops;  // none if an op among them is never code
  std::size_t most_path_ops = 0;        // that would be code
};
CodeFigures figures_of(const decision::Decision& decision);

}  // namespace smic::codegen
