// SPDX-License-Identifier: Apache-2.0
// Tested by tests/unit/keys/shelf_test.cpp.
#include "controller/keys/shelf.h"

namespace smic::keys {
namespace {

constexpr int kTries = 20;  // replicas are few, so losing that often is not bad luck

}  // namespace

Result<Entries> update(Shelf& shelf, Object object, const Change& change) {
  for (int i = 0; i < kTries; ++i) {
    auto kept = shelf.read(object);
    if (!kept) return std::unexpected(kept.error());
    auto changed = change(*kept);
    if (!changed) return std::unexpected(changed.error());
    if (!changed->has_value()) return *kept ? std::move((*kept)->entries) : Entries{};
    const auto version =
        *kept ? std::optional<std::string>((*kept)->version) : std::optional<std::string>();
    auto written = shelf.write(object, **changed, version);
    if (!written) return std::unexpected(written.error());
    if (*written) return std::move(**changed);
  }
  return fail("others write it all the time");
}

}  // namespace smic::keys
