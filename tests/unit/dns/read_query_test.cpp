// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>
#include <ctime>

#include "packets.h"
#include "runtime/dns/answer.h"
#include "runtime/dns/message.h"

using namespace smic;
using dns::Rcode;

namespace {

// A header with these counts, and what is behind it.
std::string message(int questions, int answers, int authorities, int additionals,
                    const std::string& rest) {
  std::string out("\0\x07\0\0", 4);
  for (const int count : {questions, answers, authorities, additionals}) {
    out += {static_cast<char>(count >> 8), static_cast<char>(count)};
  }
  return out + rest;
}

const std::string kQuestion("\3web\4shop\4mesh\0\0\1\0\1", 19);
const std::string kOpt("\0\0\x29\x04\xd0\0\0\0\0\0\0", 11);

Rcode error_of(const std::string& bytes) {
  const auto query = dns::read_query(bytes);
  REQUIRE(query);
  return query->error;
}

}  // namespace

TEST_CASE("a query is read whole", "[dns]") {
  const std::string bytes =
      test::bytes_of({.name = "Web.shop.mesh", .type = 28, .id = 9, .edns_bytes = 1400});
  const auto query = dns::read_query(bytes);
  REQUIRE(query);
  CHECK(query->id == 9);
  CHECK(query->type == 28);
  CHECK(query->klass == 1);
  CHECK(query->name == *dns::Name::parse("web.shop.mesh"));
  CHECK(query->question.starts_with("\3Web"));
  REQUIRE(query->edns);
  CHECK(query->edns->udp_bytes == 1400);
  CHECK(query->error == Rcode::no_error);
}

TEST_CASE("responses and what has no whole header are dropped", "[dns]") {
  CHECK_FALSE(dns::read_query(""));
  CHECK_FALSE(dns::read_query(message(1, 0, 0, 0, kQuestion).substr(0, 11)));
  CHECK_FALSE(dns::read_query(test::bytes_of({.flags = 0x8000})));
}

TEST_CASE("malformed queries are told so, with nothing of them but the id", "[dns]") {
  CHECK(error_of(message(1, 0, 0, 0, kQuestion)) == Rcode::no_error);
  CHECK(error_of(message(0, 0, 0, 0, "")) == Rcode::format_error);
  CHECK(error_of(message(2, 0, 0, 0, kQuestion + kQuestion)) == Rcode::format_error);
  CHECK(error_of(message(1, 1, 0, 0, kQuestion + kOpt)) == Rcode::format_error);
  CHECK(error_of(message(1, 0, 1, 0, kQuestion + kOpt)) == Rcode::format_error);
  CHECK(error_of(message(1, 0, 0, 0, kQuestion + "x")) == Rcode::format_error);
  CHECK(error_of(message(1, 0, 0, 1, kQuestion)) == Rcode::format_error);
  CHECK(error_of(message(1, 0, 0, 65535, kQuestion + kOpt)) == Rcode::format_error);
  CHECK(error_of(message(1, 0, 0, 2, kQuestion + kOpt + kOpt)) == Rcode::format_error);
  for (std::size_t size = 0; size < kQuestion.size(); ++size) {
    CHECK(error_of(message(1, 0, 0, 0, kQuestion.substr(0, size))) == Rcode::format_error);
  }
  for (std::size_t size = 0; size < kOpt.size(); ++size) {
    CHECK(error_of(message(1, 0, 0, 1, kQuestion + kOpt.substr(0, size))) == Rcode::format_error);
  }
  const std::string reply = dns::answer(nullptr, message(0, 0, 0, 0, ""), dns::Transport::udp);
  CHECK(reply == std::string("\0\7\x80\1\0\0\0\0\0\0\0\0", 12));
}

TEST_CASE("a question's name is neither compressed nor longer than a name", "[dns]") {
  CHECK(error_of(message(1, 0, 0, 0, std::string("\xC0\x0C\0\1\0\1", 6))) == Rcode::format_error);
  CHECK(error_of(message(1, 0, 0, 0, std::string("\x41web\0\0\1\0\1", 9))) == Rcode::format_error);
  const std::string label = std::string(1, '\x3f') + std::string(63, 'x');
  const auto of_size = [&](std::size_t last) {
    return label + label + label + std::string(1, static_cast<char>(last)) +
           std::string(last, 'y') + std::string("\0\0\1\0\1", 5);
  };
  CHECK(error_of(message(1, 0, 0, 0, of_size(61))) == Rcode::no_error);
  CHECK(error_of(message(1, 0, 0, 0, of_size(62))) == Rcode::format_error);
}

TEST_CASE("OPT is found among others, and must be the root's", "[dns]") {
  const std::string tsig("\4hmac\0\0\xfa\0\xff\0\0\0\0\0\3abc", 19);
  const std::string pointed("\xC0\x0C\0\1\0\1\0\0\0\0\0\0", 12);
  const auto query = dns::read_query(message(1, 0, 0, 3, kQuestion + pointed + kOpt + tsig));
  REQUIRE(query);
  CHECK(query->error == Rcode::no_error);
  CHECK(query->edns);
  CHECK(error_of(message(1, 0, 0, 1, kQuestion + "\1x" + kOpt)) == Rcode::format_error);
  CHECK(error_of(message(1, 0, 0, 1, kQuestion + "\xC0\x0C" + kOpt.substr(1))) ==
        Rcode::format_error);
}

TEST_CASE("a chain of pointers costs nothing: none is followed", "[dns]") {
  // The message that ldns takes 95 ms for; the bound is far above what one pass needs.
  std::string rest = kQuestion + std::string("\0\xff\0\0\1\0\0\0\0\x3e\x80", 11);
  const std::size_t base = 12 + rest.size();
  for (std::size_t i = 0; i < 8000; ++i) {
    const std::size_t to = 0xC000 | (base + 2 * (i == 0 ? 0 : i - 1));
    rest += {static_cast<char>(to >> 8), static_cast<char>(to)};
  }
  const std::string record = rest.substr(rest.size() - 2) + std::string("\0\1\0\1\0\0\0\0\0\0", 10);
  int records = 1;
  for (; 12 + rest.size() + record.size() <= dns::kMaxMessage; ++records) rest += record;
  const std::string hostile = message(1, 0, 0, records, rest);
  const auto start = std::clock();
  for (int i = 0; i < 100; ++i) CHECK(error_of(hostile) == Rcode::no_error);
  CHECK(double(std::clock() - start) / CLOCKS_PER_SEC < 2.0);
}
