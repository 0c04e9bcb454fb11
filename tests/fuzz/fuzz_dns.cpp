// SPDX-License-Identifier: Apache-2.0
// Queries as anybody may send them, by UDP and by TCP. Beyond not crashing: what is sent fits where
// it goes, ldns can read it whole, and it carries the question as it was asked.
#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "runtime/dns/answer.h"
#include "runtime/dns/message.h"
#include "tests/unit/dns/names.h"
#include "tests/unit/dns/packets.h"

using namespace smic;

namespace {

const dns::Zones& zones() {
  static const dns::Zones all = dns::Zones::build(test::shop(), 1);
  return all;
}

void check_reply(const dns::Query& query, std::string_view reply, std::size_t most) {
  SMIC_CHECK(reply.size() >= dns::kHeaderBytes && reply.size() <= most, "a reply's size");
  SMIC_CHECK(reply.substr(dns::kHeaderBytes).starts_with(query.question), "another question");
  const test::Reading reading = test::read(reply);
  SMIC_CHECK(reading.readable, "ldns cannot read our reply");
  SMIC_CHECK(reading.id == query.id && reading.response, "not this query's reply");
  SMIC_CHECK(reading.edns == query.edns.has_value(), "EDNS not in kind");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view message(reinterpret_cast<const char*>(data), size);
  const auto query = dns::read_query(message);
  for (const auto transport : {dns::Transport::udp, dns::Transport::tcp}) {
    const std::string reply = dns::answer(&zones(), message, transport);
    SMIC_CHECK(reply.empty() == !query.has_value(), "answered or not");
    const bool udp = transport == dns::Transport::udp;
    if (query) check_reply(*query, reply, udp ? dns::kEdnsUdpBytes : dns::kMaxMessage);
  }
  return 0;
}
