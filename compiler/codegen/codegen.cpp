// SPDX-License-Identifier: Apache-2.0
#include "compiler/codegen/codegen.h"

#include <llvm/IR/LLVMContext.h>
#include <llvm/IR/Module.h>

#include <array>
#include <map>
#include <memory>
#include <mutex>

#include "base/check.h"
#include "compiler/codegen/path_code.h"
#include "compiler/codegen/pipeline.h"
#include "contract/object.h"

namespace smic::codegen {
namespace {

// Leaves room for the code in contract::kMaxObjectBytes.
constexpr std::size_t kMaxTables = contract::kMaxObjectBytes - (std::size_t{1} << 24);

const Target& target_named(std::string_view name) {
  const Target* target = find_target(name);
  SMIC_CHECK(target, "codegen is asked for a target that targets() does not list");
  return *target;
}

// Machine code of the shapes compiled so far: most services of a cluster share a handful. A
// memory only; what it answers is what compiling again would give.
class CodeCache {
 public:
  using Code = std::shared_ptr<const std::string>;

  template <class Compile>
  Code get(const Target& target, const CodeShape& shape, Compile compile) {
    const Key key{target.name, shape};
    if (Code known = find(key)) return known;
    const auto code = std::make_shared<const std::string>(compile());  // without the lock
    const std::lock_guard lock(mutex_);
    if (codes_.size() >= kMaxCachedCodes) codes_.clear();
    return codes_.emplace(key, code).first->second;
  }

 private:
  using Key = std::pair<std::string_view, CodeShape>;
  static constexpr std::size_t kMaxCachedCodes = 4096;

  Code find(const Key& key) {
    const std::lock_guard lock(mutex_);
    const auto found = codes_.find(key);
    return found == codes_.end() ? nullptr : found->second;
  }

  std::mutex mutex_;
  std::map<Key, Code> codes_;
};

// Code of units with rules is made anew whenever one of them or a weight changes, so it must be
// cheap to make. What plain services need is made once for all of them.
Effort effort_for(const CodeShape& shape) {
  return shape.match && shape.match->paths.ops.empty() ? Effort::full : Effort::quick;
}

// A context of its own per job, since units compile on several threads at once.
template <class Use>
std::string with_module(const CodeShape& shape, const Target& target, Use use) {
  llvm::LLVMContext context;
  const auto module = build_module(shape, target, context);
  if (effort_for(shape) == Effort::full) optimise(*module, target);
  return use(*module);
}

std::string compile(const CodeShape& shape, const Target& target, Output output) {
  return with_module(shape, target, [&](llvm::Module& module) {
    return write_machine_code(module, target, output, effort_for(shape));
  });
}

Result<void> check_target(std::string_view name) {
  if (!find_target(name)) return fail("target `" + std::string(name) + "` is not known");
  return {};
}

Result<void> check_decision(const decision::Decision& decision) {
  if (decision.tables.size() > kMaxTables) return fail("the tables of the unit are too large");
  return contract::check_shape(decision.shape);
}

contract::Bytes make_object(const decision::Decision& decision, const CodeShape& shape,
                            const Target& target) {
  static CodeCache cache;
  const auto code =
      cache.get(target, shape, [&] { return compile(shape, target, Output::object); });
  contract::Bytes object = link_object(*code, decision.tables, target);
  const auto layout = contract::check_object(object, target.name);
  if (!layout) abort_with_bug(__FILE__, __LINE__, layout.error().message.c_str());
  return object;
}

contract::Bytes image_of_tables(const decision::Decision& decision) {
  const auto tables = std::as_bytes(std::span(decision.tables));
  return contract::write_image(
      {std::string(contract::kPortableTarget), decision.shape, tables, tables});
}

contract::Bytes image_of_code(const decision::Decision& decision, const CodeShape& shape,
                              std::string_view target) {
  const contract::Bytes object = make_object(decision, shape, *find_target(target));
  const auto layout = contract::check_object(object, target);
  return contract::write_image({std::string(target), decision.shape, object, layout->tables});
}

}  // namespace

std::string emit_llvm(const decision::Decision& decision, std::string_view name) {
  return with_module(read_code_shape(decision), target_named(name), print_module);
}

std::string emit_assembly(const decision::Decision& decision, std::string_view name) {
  return compile(read_code_shape(decision), target_named(name), Output::assembly);
}

Result<contract::Bytes> emit_object(const decision::Decision& decision, std::string_view name) {
  if (auto fine = check_target(name); !fine) return std::unexpected(fine.error());
  if (auto fine = check_decision(decision); !fine) return std::unexpected(fine.error());
  return make_object(decision, read_code_shape(decision), *find_target(name));
}

Result<contract::Bytes> emit_image(const decision::Decision& decision, std::string_view name) {
  const bool only_tables = name == contract::kPortableTarget;
  auto images = only_tables ? emit_images(decision, {})
                            : emit_images(decision, std::array{std::string(name)});
  if (!images) return std::unexpected(images.error());
  return std::move(images->native.empty() ? images->tables : images->native.front());
}

Result<Images> emit_images(const decision::Decision& decision, std::span<const std::string> names) {
  for (const std::string& name : names) {
    if (auto fine = check_target(name); !fine) return std::unexpected(fine.error());
  }
  if (auto fine = check_decision(decision); !fine) return std::unexpected(fine.error());
  Images images{.tables = image_of_tables(decision), .native = {}};
  if (names.empty()) return images;
  const CodeShape shape = read_code_shape(decision);
  if (!shape.match) return images;
  for (const std::string& name : names) {
    images.native.push_back(image_of_code(decision, shape, name));
  }
  return images;
}

CodeFigures figures_of(const decision::Decision& decision) {
  const TablesView tables(decision.tables);
  constexpr std::size_t kMostCounted = 1 << 20;
  const auto paths = read_path_code(tables, kMostCounted, kMostCounted);
  return {.match_is_code = read_code_shape(decision).match.has_value(),
          .path_ops = paths ? std::optional(paths->ops.size()) : std::nullopt,
          .most_path_ops = kMaxPathOps};
}

}  // namespace smic::codegen
