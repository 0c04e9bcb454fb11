// SPDX-License-Identifier: Apache-2.0
#include "controller/cluster_dns/ask.h"

#include <catch2/catch.hpp>

using namespace smic;
using cluster_dns::kTypeSoa;
using cluster_dns::question;
using cluster_dns::read_answer;
using cluster_dns::Said;

namespace {

const std::string kAsked = question(0x1234, "shop.mesh", kTypeSoa);

std::string bytes(std::initializer_list<int> values) {
  std::string text;
  for (const int value : values) text += static_cast<char>(value);
  return text;
}

// Header and question of an answer, then records.
std::string answer(int flags, int answers, const std::string& records = {}) {
  std::string text = kAsked + records;
  text[2] = static_cast<char>(flags >> 8);
  text[3] = static_cast<char>(flags);
  text[7] = static_cast<char>(answers);
  return text;
}

// An SOA whose server is "ns.dns." and a pointer to the question's name.
const std::string kSoa = bytes({0xC0, 12,  0,   6, 0,   1,   0,   0,    0,  5,    0, 31,
                                2,    'n', 's', 3, 'd', 'n', 's', 0xC0, 12, 0xC0, 12}) +
                         std::string(20, '\1');

}  // namespace

TEST_CASE("a question has the name's labels, one question and RD", "[cluster_dns]") {
  CHECK(question(0x0102, "a.bc", 1) ==
        bytes({1, 2, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 1, 'a', 2, 'b', 'c', 0, 0, 1, 0, 1}));
}

TEST_CASE("an answer tells its code and the server of an SOA", "[cluster_dns]") {
  CHECK(read_answer(answer(0x8580, 1, kSoa), kAsked) == Said{0, 1, "ns.dns.shop.mesh"});
  CHECK(read_answer(answer(0x8183, 0), kAsked) == Said{3, 0, ""});
  CHECK(read_answer(answer(0x8182, 0), kAsked) == Said{2, 0, ""});
}

TEST_CASE("what is no answer to the question is passed over", "[cluster_dns]") {
  CHECK_FALSE(read_answer("", kAsked));
  CHECK_FALSE(read_answer(kAsked, kAsked));  // no response
  CHECK_FALSE(read_answer(answer(0x8180, 0), question(0x1235, "shop.mesh", kTypeSoa)));
  CHECK_FALSE(read_answer(answer(0x8180, 0), question(0x1234, "shap.mesh", kTypeSoa)));
  CHECK_FALSE(read_answer(answer(0x8180, 1), kAsked));  // the record is missing
  CHECK_FALSE(read_answer(answer(0x8180, 1, kSoa.substr(0, 30)), kAsked));
  // A name that points to itself.
  std::string loop = kSoa;
  loop[19] = static_cast<char>(0xC0);
  loop[20] = static_cast<char>(kAsked.size() + 19);
  CHECK_FALSE(read_answer(answer(0x8180, 1, loop), kAsked));
}

TEST_CASE("a server that is not there says nothing", "[cluster_dns]") {
  using namespace std::chrono_literals;
  CHECK_FALSE(cluster_dns::ask({"127.0.0.1", 9, ""}, "shop.mesh", kTypeSoa, 2s));
  CHECK_FALSE(cluster_dns::ask({"no address", 53, ""}, "shop.mesh", kTypeSoa, 2s));
}
