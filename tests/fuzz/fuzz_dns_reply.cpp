// SPDX-License-Identifier: Apache-2.0
// What a resolver may answer when it is asked where an ExternalName leads. Beyond not crashing:
// what was read stays within its bounds, is the chain that was asked for, and makes an answer that
// ldns can read.
#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "runtime/dns/answer.h"
#include "tests/unit/dns/names.h"
#include "tests/unit/dns/packets.h"

using namespace smic;

namespace {

constexpr std::uint16_t kId = 0x1234;

const dns::Zones& zones() {
  static const dns::Zones all = dns::Zones::build(test::shop(), 1);
  return all;
}

void check_chain(const dns::Outside& wanted, const dns::Resolved& resolved) {
  SMIC_CHECK(resolved.records.size() <= dns::kMaxOutsideRecords, "more than is read");
  dns::Name at = wanted.name;
  for (const dns::OutsideRecord& record : resolved.records) {
    SMIC_CHECK(record.owner == at, "a record that nothing leads to");
    SMIC_CHECK(record.bytes.empty() || record.bytes.size() == (wanted.type == 1 ? 4u : 16u),
               "an address of another kind");
    if (record.bytes.empty()) at = record.target;
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view message(reinterpret_cast<const char*>(data), size);
  for (const std::uint16_t type : {1, 28}) {
    const std::string query = test::bytes_of({.name = "docs.shop.svc.cluster.local", .type = type});
    dns::Abroad abroad;
    dns::answer(&zones(), query, dns::Transport::tcp, &abroad);
    SMIC_CHECK(abroad.wanted.has_value(), "it leads out of our zones");
    auto resolved = dns::read_outside_reply(message, *abroad.wanted, kId);
    if (!resolved) continue;
    check_chain(*abroad.wanted, *resolved);
    abroad.resolved = std::move(*resolved);
    for (const auto transport : {dns::Transport::udp, dns::Transport::tcp}) {
      const std::string reply = dns::answer(&zones(), query, transport, &abroad);
      SMIC_CHECK(test::read(reply).readable, "ldns cannot read our reply");
    }
  }
  return 0;
}
