// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>

#include "runtime/dns/resolved.h"

using namespace smic;
using dns::Outside;
using dns::read_outside_reply;

namespace {

const Outside kWanted{*dns::Name::parse("db.example.org"), 1};
constexpr std::uint16_t kId = 0x1234;
constexpr int kNameAt = 12;  // of the question's name: "db" at 12, "example" at 15, "org" at 23

std::string bytes(std::initializer_list<int> values) {
  std::string text;
  for (const int value : values) text += static_cast<char>(value);
  return text;
}

std::string reply(int answers, const std::string& records, int flags = 0x8180) {
  std::string text = dns::outside_query(kWanted, kId);
  text[2] = static_cast<char>(flags >> 8);
  text[3] = static_cast<char>(flags);
  text[7] = static_cast<char>(answers);
  return text + records;
}

std::string record(const std::string& owner, int type, const std::string& data) {
  return owner + bytes({0, type, 0, 1, 0, 0, 0, 9, 0, static_cast<int>(data.size())}) + data;
}

const std::string kOwner = bytes({0xC0, kNameAt});
const std::string kOther = bytes({2, 'c', 'd', 0xC0, 15});  // cd.example.org

std::string told(const std::string& message) {
  const auto resolved = read_outside_reply(message, kWanted, kId);
  if (!resolved) return "none";
  std::string text = resolved->known ? "" : "unknown ";
  text += std::to_string(static_cast<int>(resolved->rcode));
  for (const auto& each : resolved->records) {
    text += each.bytes.empty() ? " alias" : " " + std::to_string(each.bytes.size());
    CHECK(each.ttl == 9);
  }
  return text;
}

}  // namespace

TEST_CASE("addresses are told, by way of aliases", "[dns]") {
  const std::string address = bytes({192, 0, 2, 1});
  CHECK(told(reply(1, record(kOwner, 1, address))) == "0 4");
  CHECK(told(reply(2, record(kOther, 1, address) + record(kOwner, 5, kOther))) == "0 alias 4");
  // What the chain does not lead to, or is of another type, is left away.
  CHECK(told(reply(2, record(kOther, 1, address) + record(kOwner, 28, std::string(16, 'x')))) ==
        "0");
  CHECK(told(reply(1, record(kOwner, 1, "12345"))) == "0");
  CHECK(told(reply(0, "", 0x8183)) == "3");
  CHECK(told(reply(0, "", 0x8182)) == "unknown 2");
  CHECK(told(reply(0, "", 0x8185)) == "unknown 5");
}

TEST_CASE("what is no answer to the query is none", "[dns]") {
  CHECK(told("") == "none");
  CHECK(told(reply(0, "", 0x0100)) == "none");
  CHECK_FALSE(read_outside_reply(reply(0, ""), kWanted, kId + 1));
  CHECK_FALSE(read_outside_reply(reply(0, ""), {*dns::Name::parse("db.example.net"), 1}, kId));
  CHECK_FALSE(read_outside_reply(reply(0, ""), {kWanted.name, 28}, kId));
  CHECK(told(reply(1, "")) == "none");
  CHECK(told(reply(1, record(kOwner, 1, "1234").substr(0, 14))) == "none");
}

TEST_CASE("a letter's case does not matter, and pointers lead only back", "[dns]") {
  std::string shouted = reply(0, "");
  shouted[13] = 'D';
  CHECK(told(shouted) == "0");
  const int here = static_cast<int>(reply(0, "").size());
  CHECK(told(reply(1, record(bytes({0xC0, here}), 1, "1234"))) == "none");          // at itself
  CHECK(told(reply(1, record(bytes({0xC0, here + 4}), 1, "1234"))) == "none");      // ahead
  CHECK(told(reply(1, record(bytes({1, 'a', 0xC0, here}), 1, "1234"))) == "none");  // round
  CHECK(told(reply(1, record(kOwner, 5, bytes({0xC0, 255})))) == "0");              // out of it
}

TEST_CASE("an alias that leads back to itself ends", "[dns]") {
  const std::string round = record(kOwner, 5, kOther) + record(kOther, 5, kOwner);
  const auto resolved = read_outside_reply(reply(2, round), kWanted, kId);
  REQUIRE(resolved);
  CHECK(resolved->records.size() <= dns::kMaxOutsideRecords);
}

TEST_CASE("nameservers are read as C libraries read them", "[dns]") {
  using List = std::vector<std::string>;
  CHECK(dns::nameservers("# x\nnameserver 10.96.0.10\noptions ndots:5\nnameserver\tfd00::a \n") ==
        List{"10.96.0.10:53", "[fd00::a]:53"});
  CHECK(dns::nameservers("nameservers 1.2.3.4\nnameserver\nnameserver5\n").empty());
}
