// SPDX-License-Identifier: Apache-2.0
#include "judge.h"

#include <re2/re2.h>

#include <array>

#include "compiler/automata/automata.h"

namespace smic::automata::testing {
namespace {

re2::RE2::Options quiet() {
  re2::RE2::Options options;
  options.set_log_errors(false);
  return options;
}

bool re2_matches(const re2::RE2& re2, std::string_view subject, Anchor anchor) {
  const auto re2_anchor = anchor == Anchor::start ? re2::RE2::ANCHOR_START : re2::RE2::ANCHOR_BOTH;
  return re2.Match({subject.data(), subject.size()}, 0, subject.size(), re2_anchor, nullptr, 0);
}

std::string disagreement_on_subjects(const Regex& regex, const re2::RE2& re2, Anchor anchor,
                                     std::span<const std::string> subjects) {
  if (!check_alone(regex, anchor)) return {};
  const std::vector<Group> groups = build({regex}, anchor, 1);
  const Dfa& dfa = groups.front().dfa;
  for (const std::string& subject : subjects) {
    const bool ours = !dfa.sets[run(dfa, subject)].empty();
    if (ours == re2_matches(re2, subject, anchor)) continue;
    return std::string(anchor == Anchor::start ? "start" : "both") + ": we say " +
           (ours ? "yes" : "no") + " to \"" + escaped(subject) + "\"";
  }
  return {};
}

}  // namespace

std::string disagreement(std::string_view pattern, std::span<const std::string> subjects) {
  static const re2::RE2::Options options = quiet();
  const re2::RE2 re2({pattern.data(), pattern.size()}, options);
  const auto regex = parse(pattern);
  if (re2.error_code() == re2::RE2::ErrorPatternTooLarge) return {};
  const std::string head = "pattern \"" + escaped(pattern) + "\": ";
  if (re2.ok() && !regex) return head + "RE2 takes it, we say " + regex.error().message;
  if (!re2.ok() && regex) return head + "we take it, RE2 says " + re2.error();
  if (!regex) return {};
  for (const Anchor anchor : {Anchor::start, Anchor::both}) {
    const std::string found = disagreement_on_subjects(*regex, re2, anchor, subjects);
    if (!found.empty()) return head + found;
  }
  return {};
}

std::string escaped(std::string_view text) {
  constexpr std::string_view kHex = "0123456789ABCDEF";
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte >= 0x20 && byte < 0x7F) {
      out += c;
    } else {
      out += {'\\', 'x', kHex[byte >> 4], kHex[byte & 15]};
    }
  }
  return out;
}

}  // namespace smic::automata::testing
