// SPDX-License-Identifier: Apache-2.0
// Tested by tests/unit/distribution/epoch_test.cpp.
#include "controller/distribution/epoch.h"

#include <algorithm>
#include <charconv>

#include "contract/state.h"

namespace smic::distribution {
namespace {

constexpr const char* kEntry = "epoch";

// 0 if it is no number: whatever somebody wrote there, the proxies know better.
std::uint64_t number_in(const keys::Kept& kept) {
  const auto entry = kept.entries.find(kEntry);
  if (entry == kept.entries.end()) return 0;
  std::uint64_t number = 0;
  const std::string& text = entry->second;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc() ? number : 0;
}

}  // namespace

Result<std::uint64_t> take_epoch(keys::Shelf& shelf, std::uint64_t above) {
  std::uint64_t taken = 0;
  const auto done = keys::update(
      shelf, keys::Object::distribution,
      [&](const std::optional<keys::Kept>& kept) -> Result<std::optional<keys::Entries>> {
        taken = std::max(kept ? number_in(*kept) : 0, above) + 1;
        if (taken > contract::kMostVersion) return fail("there are no epochs left");
        keys::Entries entries = kept ? kept->entries : keys::Entries{};  // of others, too
        entries[kEntry] = std::to_string(taken);
        return entries;
      });
  if (!done) return fail(done, "epoch");
  return taken;
}

}  // namespace smic::distribution
