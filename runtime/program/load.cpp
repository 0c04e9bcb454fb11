// SPDX-License-Identifier: Apache-2.0
// Bytes to a Program. The checks go from cheap to dear and from outside in: the image's frame, the
// CPU, the object's structure, the tables. Only what passed all of them is linked or interpreted;
// the tables are checked for native code too, since it walks the same bytes.
//
// Tested by tests/unit/program/load_test.cpp and tests/fuzz/fuzz_image.cpp.
#include "runtime/program/load.h"

#include <algorithm>

#include "contract/check_tables.h"
#include "contract/kernel.h"
#include "contract/object.h"
#include "runtime/program/program.h"

namespace smic::program {
namespace {

// What the CPU says of itself, and of the system: v3 needs one that keeps the wide registers.
std::vector<std::string> machine_targets() {
  std::vector<std::string> list;
#if defined(__x86_64__)
  if (__builtin_cpu_supports("x86-64-v3")) list.emplace_back("x86_64-v3");
  if (__builtin_cpu_supports("x86-64-v2")) list.emplace_back("x86_64-v2");
#elif defined(__aarch64__)
  list.emplace_back("aarch64");
#endif
  return list;
}

std::span<const std::uint8_t> as_numbers(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()};
}

class Portable : public Program {
 public:
  Portable(contract::Shape shape, std::span<const std::uint8_t> tables) {
    shape_ = std::move(shape);
    tables_.assign(tables.begin(), tables.end());
  }
};

class Native : public Program {
 public:
  Native(contract::Shape shape, std::string target, NativeCode code)
      : owner_(std::move(code.owner)) {
    shape_ = std::move(shape);
    target_ = std::move(target);
    native_match_ = code.match;
    native_split_ = code.split;
  }

 private:
  std::shared_ptr<void> owner_;
};

Result<std::span<const std::byte>> tables_in(const contract::Image& image) {
  if (image.target == contract::kPortableTarget) return image.object;
  const auto layout = contract::check_object(image.object, image.target);
  if (!layout) return std::unexpected(layout.error());
  return layout->tables;
}

Result<void> check(const contract::Image& image) {
  const auto tables = tables_in(image);
  if (!tables) return std::unexpected(tables.error());
  if (tables->data() != image.tables.data() || tables->size() != image.tables.size()) {
    return fail("tables are not where the image says");
  }
  return contract::check_tables(as_numbers(image.tables), image.shape);
}

Result<std::shared_ptr<const Program>> load_checked(std::span<const std::byte> bytes,
                                                    const Targets& targets) {
  auto image = contract::read_image(bytes);
  if (!image) return std::unexpected(image.error());
  if (const auto checked = check(*image); !checked) return std::unexpected(checked.error());

  // From here on the image is one that codegen could have written.
  // What was compiled for another CPU still has its tables: a manifest of before there was an image
  // per target names one image with code for some CPU, and all nodes enforce it.
  if (!targets.contains(image->target)) {
    return std::make_shared<const Portable>(std::move(image->shape), as_numbers(image->tables));
  }
  auto code = link_native(image->object);
  if (!code) return std::unexpected(code.error());
  return std::make_shared<const Native>(std::move(image->shape), std::move(image->target),
                                        std::move(*code));
}

}  // namespace

Targets::Targets(Engine engine) {
  if (engine == Engine::native) names_ = machine_targets();
}

Result<Targets> Targets::of(const std::vector<std::string>& names) {
  Targets chosen(Engine::native);
  for (const std::string& name : names) {
    if (!chosen.contains(name)) return fail("this machine runs no code for `" + name + "`");
  }
  std::erase_if(chosen.names_, [&](const std::string& name) {
    return std::ranges::find(names, name) == names.end();
  });
  return chosen;
}

std::vector<std::string> Targets::best() const {
  return names_.empty() ? names_ : std::vector{names_.front()};
}

bool Targets::contains(std::string_view target) const {
  return std::ranges::find(names_, target) != names_.end();
}

Result<std::shared_ptr<const Program>> load(std::span<const std::byte> image,
                                            const Targets& targets) {
  auto program = load_checked(image, targets);
  if (!program) return fail(program, "load image");
  return program;
}

// A sanitizer would look for a type signature in front of the function, where an image has none.
__attribute__((no_sanitize("function"))) void Program::match(const contract::RequestView& view,
                                                             contract::Verdict& verdict) const {
  if (native_match_) return native_match_(&view, &verdict);
  contract::kernel().match(tables_.data(), &view, &verdict);
}

__attribute__((no_sanitize("function"))) std::uint32_t Program::split(std::uint32_t route,
                                                                      std::uint64_t entropy) const {
  if (native_split_) return native_split_(route, entropy);
  return contract::kernel().split(tables_.data(), route, entropy);
}

}  // namespace smic::program
