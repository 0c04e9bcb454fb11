// SPDX-License-Identifier: Apache-2.0
// Corefiles and stubDomains of any kind. Beyond not crashing: an edit that is made is idempotent,
// and taking it out gives what taking out gives of the original, which is itself where nothing of
// ours was in it.
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "base/check.h"
#include "controller/dns/dns_stub.h"

using namespace smic;

namespace {

using Text = std::optional<std::string>;
using Edit = std::function<Text(const Sources&, SourceId, Diagnostics&)>;

Text edited(const std::string& text, const Edit& edit) {
  Sources sources;
  const SourceId id = sources.add("Corefile", text);
  Diagnostics diagnostics(sources);
  Text result = edit(sources, id, diagnostics);
  SMIC_CHECK(result || diagnostics.has_errors(), "refused without a reason");
  return result;
}

void check(const std::string& text, const Edit& add, const Edit& take) {
  const Text once = edited(text, add);
  if (!once) return;
  SMIC_CHECK(edited(*once, add) == once, "adding twice is not adding once");
  SMIC_CHECK(edited(*once, take) == edited(text, take), "taking out does not give the original");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  if (text.starts_with("\xEF\xBB\xBF")) return 0;  // Sources drops it; the command keeps it aside
  const dns_stub::Stub stub{.zones = {"mesh"}, .responders = {"10.96.0.53"}};
  const auto with_stub = [&stub](const auto& add) {
    return [&stub, add](const Sources& sources, SourceId id, Diagnostics& diagnostics) {
      return add(sources, id, stub, diagnostics);
    };
  };
  check(text, with_stub(dns_stub::add_to_corefile), dns_stub::take_from_corefile);
  check(text, with_stub(dns_stub::add_to_stub_domains), dns_stub::take_from_stub_domains);
  return 0;
}
