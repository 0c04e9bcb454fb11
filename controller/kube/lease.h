// SPDX-License-Identifier: Apache-2.0
// A Lease object, as its JSON: what it says, and what it says after us.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

namespace smic::kube {

struct Lease {
  std::string holder;  // empty = nobody
  std::optional<std::chrono::seconds> duration;
  std::uint64_t transitions = 0;
  std::string renewed;  // as written: only whether it changed counts

  bool operator==(const Lease&) const = default;
};

// Nothing if it is no Lease.
std::optional<Lease> read_lease(const std::string& json);

struct Holding {
  std::string holder;
  std::chrono::seconds duration{};
  std::chrono::system_clock::time_point now;
};

std::string new_lease(const std::string& ns, const std::string& name, const Holding& holding);
// `json` is one that read_lease() understood; all else of it stays, its resourceVersion too.
std::string renewed_lease(const std::string& json, const Holding& holding);
std::string released_lease(const std::string& json, std::chrono::system_clock::time_point now);

// RFC 3339 in UTC, to the microsecond, as MicroTime has it.
std::string micro_time(std::chrono::system_clock::time_point time);
// To the second, as Time has it.
std::string second_time(std::chrono::system_clock::time_point time);

}  // namespace smic::kube
