// SPDX-License-Identifier: Apache-2.0
// The image reader, the object checker, the tables checker and the linker on any bytes. What loads
// is asked, interpreted: code is not run, since a digest and not this check vouches for it.
#include <cstdint>
#include <span>
#include <vector>

#include "base/check.h"
#include "runtime/program/program.h"

using namespace smic;

namespace {

void ask(const program::Program& program) {
  const contract::Slice lines[] = {{"Mozilla Firefox/120", 19}, {"", 0}};
  const std::vector<contract::HeaderSlot> slots(program.shape().header_slots.size(), {lines, 2});
  for (const std::string_view path : {"/", "/reviews/17", "/a/b?c", ""}) {
    for (std::uint32_t method = 0; method <= contract::kMethodCount; ++method) {
      contract::Verdict verdict;
      program.match({{path.data(), path.size()}, slots.data(), method, method}, verdict);
      SMIC_CHECK(verdict.route < program.shape().route_backends.size(), "a route out of range");
      const std::uint32_t backend = program.split(verdict.route, method * 0x9e3779b97f4a7c15);
      SMIC_CHECK(backend == contract::kNoBackend ||
                     backend < program.shape().route_backends[verdict.route],
                 "a backend out of range");
    }
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto bytes = std::as_bytes(std::span(data, size));
  if (const auto image = contract::read_image(bytes)) {
    SMIC_CHECK(std::ranges::equal(contract::write_image(*image), bytes),
               "an image with two spellings");
  }
  const auto program = program::load(bytes, program::Engine::portable);
  if (!program) return 0;
  ask(**program);
  (void)program::load(bytes, program::Engine::native);
  return 0;
}
