// SPDX-License-Identifier: Apache-2.0
// What any engine answers to a request, in words that do not depend on how a unit is numbered: the
// route by origin and action, the backends it picks, and the destinations allowed, of which those
// that a wider one covers are left out (passes.h says why that is the same meaning).
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <set>
#include <string>

#include "compiler/decision/decision.h"
#include "compiler/ir/ir.h"
#include "contract/abi.h"

namespace smic::test {

inline constexpr std::array<std::uint64_t, 5> kEntropies = {
    0, 0x1fffffffffffffff, 0x8000000000000000, 0xcccccccccccccccc, 0xffffffffffffffff};

struct Answer {
  ir::Origin route;
  ir::Action action;
  std::array<std::uint32_t, kEntropies.size()> picks{};  // backend for each of kEntropies
  std::set<ir::Destinations> allowed;

  bool operator==(const Answer&) const = default;
};

// By the interpreter, with the given judge.
Answer evaluated(const ir::Unit& unit, const ir::Request& request, ir::RegexJudge& judge);

// By compiled code: `unit` is what `decision` was made from.
Answer decided(const ir::Unit& unit, const decision::Decision& decision, const ir::Request& request,
               const std::function<void(const contract::RequestView&, contract::Verdict&)>& match,
               const std::function<std::uint32_t(std::uint32_t, std::uint64_t)>& split);

std::string to_string(const Answer& answer);

}  // namespace smic::test
