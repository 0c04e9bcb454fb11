// SPDX-License-Identifier: Apache-2.0
#include "tests/support/re2_judge.h"

#include <re2/re2.h>

#include "base/check.h"

namespace smic::test {

struct Re2Judge::Pattern {
  explicit Pattern(const std::string& regex) : re2(regex, RE2::Quiet) {}
  RE2 re2;
};

Re2Judge::Re2Judge() = default;
Re2Judge::~Re2Judge() = default;

bool Re2Judge::matches(const std::string& regex, std::string_view subject, bool whole) {
  std::unique_ptr<Pattern>& known = patterns_[regex];
  if (!known) known = std::make_unique<Pattern>(regex);
  SMIC_CHECK(known->re2.ok(), "a test asks RE2 for a pattern that it refuses");
  return known->re2.Match({subject.data(), subject.size()}, 0, subject.size(),
                          whole ? RE2::ANCHOR_BOTH : RE2::ANCHOR_START, nullptr, 0);
}

}  // namespace smic::test
