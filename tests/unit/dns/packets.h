// SPDX-License-Identifier: Apache-2.0
// Queries as bytes, and replies as ldns understands them: the judge of our codec, as text.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace smic::test {

struct Question {
  std::string name = "web.shop.mesh";
  std::uint16_t type = 1;
  std::uint16_t klass = 1;
  std::uint16_t id = 0;
  std::uint16_t flags = 0x0100;  // RD
  int edns_bytes = -1;           // -1: without OPT
  std::uint8_t edns_version = 0;
  bool dnssec_ok = false;
};

std::string bytes_of(const Question& question);

// What ldns reads in a reply. Records as "web.shop.mesh. 5 IN A 127.1.2.3".
struct Reading {
  bool readable = false;
  std::uint16_t id = 0;
  bool response = false;
  int rcode = 0;  // with its upper bits
  bool authoritative = false;
  bool truncated = false;
  bool edns = false;
  bool dnssec_ok = false;
  std::vector<std::string> question, answer, authority, additional;
};

Reading read(std::string_view reply);

}  // namespace smic::test
