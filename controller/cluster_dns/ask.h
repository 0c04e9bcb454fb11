// SPDX-License-Identifier: Apache-2.0
// One question to one server by UDP, and as much of the answer as tells who gave it.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "controller/cluster_dns/running.h"

namespace smic::cluster_dns {

inline constexpr std::uint16_t kTypeA = 1;
inline constexpr std::uint16_t kTypeSoa = 6;
inline constexpr int kNoError = 0;
inline constexpr int kServerFailure = 2;

struct Said {
  int rcode = kNoError;
  int answers = 0;
  std::string soa_server;  // MNAME of an SOA in the answer section, without a final dot

  bool operator==(const Said&) const = default;
};

// Nothing: no answer in time, or none that is one to this question.
std::optional<Said> ask(const Server& server, std::string_view name, std::uint16_t type,
                        std::chrono::milliseconds patience);

// The parts of it that need no network, for tests.
std::string question(std::uint16_t id, std::string_view name, std::uint16_t type);
std::optional<Said> read_answer(std::string_view answer, std::string_view question);

}  // namespace smic::cluster_dns
