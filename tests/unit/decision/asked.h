// SPDX-License-Identifier: Apache-2.0
// A unit, decided, and asked: the portable engine's verdict is held against ir::evaluate, whose
// patterns RE2 judges.
#pragma once

#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "compiler/decision/decision.h"
#include "compiler/ir/ir.h"

namespace smic::test {

class Asked {
 public:
  explicit Asked(ir::Unit unit);
  explicit Asked(std::string_view text);  // .smir

  // Decides and evaluates `request`; a difference is a failed test.
  void agree(const ir::Request& request) const;

  // Every combination. Headers are whole lists of lines.
  struct Requests {
    std::vector<ir::Method> methods = {ir::Method::kGet};
    std::vector<std::string> paths = {"/"};
    std::vector<std::vector<std::pair<std::string, std::string>>> headers = {{}};
    std::vector<std::string> sources = {""};  // "namespace/name"; "" = nobody
  };
  void agree(const Requests& requests) const;

  const ir::Unit& unit() const { return unit_; }
  const decision::Decision& decision() const { return decision_; }

 private:
  struct Answer {
    std::size_t route = 0;
    std::set<std::string> destinations;
    bool operator==(const Answer&) const = default;
  };
  Answer evaluated(const ir::Request& request) const;
  Answer decided(const ir::Request& request) const;
  static std::string text(const Answer& answer);

  ir::Unit unit_;
  decision::Decision decision_;
  std::map<std::string, std::uint32_t> classes_;
};

}  // namespace smic::test
