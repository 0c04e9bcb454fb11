// SPDX-License-Identifier: Apache-2.0
// RE2 itself as the judge that ir::evaluate asks. Patterns are UTF-8, subjects any bytes, of which
// those that are no UTF-8 match nothing that speaks of characters: what RE2 does is right.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>

#include "compiler/ir/ir.h"

namespace smic::test {

class Re2Judge final : public ir::RegexJudge {
 public:
  Re2Judge();
  ~Re2Judge() override;

  // A pattern that RE2 refuses ends the test.
  bool matches(const std::string& regex, std::string_view subject, bool whole) override;

 private:
  struct Pattern;
  std::unordered_map<std::string, std::unique_ptr<Pattern>> patterns_;
};

}  // namespace smic::test
