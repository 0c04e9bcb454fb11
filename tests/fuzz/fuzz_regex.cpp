// SPDX-License-Identifier: Apache-2.0
// A pattern up to the first newline, a subject after it. RE2 is the judge: the same patterns taken,
// the same subjects matched; and a mistake lies within the pattern.
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

#include "compiler/automata/automata.h"
#include "tests/unit/automata/judge.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const std::size_t newline = input.find('\n');
  const std::string_view pattern = input.substr(0, newline);
  const std::string subject(newline == input.npos ? "" : input.substr(newline + 1));
  if (pattern.size() > 256) return 0;  // larger ones take RE2 too long
  const std::string subjects[] = {subject, subject + subject, ""};
  const std::string found = smic::automata::testing::disagreement(pattern, subjects);
  if (!found.empty()) {
    std::fprintf(stderr, "%s\n", found.c_str());
    std::abort();
  }
  const auto regex = smic::automata::parse(pattern);
  if (!regex && regex.error().offset + regex.error().length > pattern.size() + 1) std::abort();
  return 0;
}
