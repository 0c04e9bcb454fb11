// SPDX-License-Identifier: Apache-2.0
// Bytes to a Program. The checks go from cheap to dear and from outside in: the image's frame, the
// CPU, the object's structure, the tables. Only what passed all of them is linked or interpreted;
// the tables are checked for native code too, since it walks the same bytes.
//
// Tested by tests/unit/program/load_test.cpp and tests/fuzz/fuzz_image.cpp.
#include "runtime/program/load.h"

#include "contract/check_tables.h"
#include "contract/kernel.h"
#include "contract/object.h"
#include "runtime/program/program.h"

namespace smic::program {
namespace {

bool runs_here(std::string_view target) {
  if (target == contract::kPortableTarget) return true;
#if defined(__x86_64__)
  if (target == "x86_64-v2") return __builtin_cpu_supports("x86-64-v2") != 0;
  if (target == "x86_64-v3") return __builtin_cpu_supports("x86-64-v3") != 0;
#elif defined(__aarch64__)
  if (target == "aarch64") return true;
#endif
  return false;
}

std::span<const std::uint8_t> as_numbers(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()};
}

class Portable : public Program {
 public:
  Portable(contract::Shape shape, std::span<const std::uint8_t> tables, Engine asked) {
    shape_ = std::move(shape);
    engine_ = asked;
    tables_.assign(tables.begin(), tables.end());
  }
};

class Native : public Program {
 public:
  Native(contract::Shape shape, NativeCode code) : owner_(std::move(code.owner)) {
    shape_ = std::move(shape);
    engine_ = Engine::native;
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
                                                    Engine engine) {
  auto image = contract::read_image(bytes);
  if (!image) return std::unexpected(image.error());
  if (const auto checked = check(*image); !checked) return std::unexpected(checked.error());

  // From here on the image is one that codegen could have written.
  // What was compiled for another CPU still has its tables: in a cluster of several kinds of node
  // all enforce the same, and some faster than others.
  const bool runs_code = engine == Engine::native && image->target != contract::kPortableTarget &&
                         runs_here(image->target);
  if (!runs_code) {
    return std::make_shared<const Portable>(std::move(image->shape), as_numbers(image->tables),
                                            engine);
  }
  auto code = link_native(image->object);
  if (!code) return std::unexpected(code.error());
  return std::make_shared<const Native>(std::move(image->shape), std::move(*code));
}

}  // namespace

Result<std::shared_ptr<const Program>> load(std::span<const std::byte> image, Engine engine) {
  auto program = load_checked(image, engine);
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
