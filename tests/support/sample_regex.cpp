// SPDX-License-Identifier: Apache-2.0
#include "tests/support/sample_regex.h"

#include <algorithm>
#include <array>
#include <vector>

namespace smic::test {
namespace {

class Sampler {
 public:
  Sampler(std::string_view regex, Random& random) : rest_(regex), random_(random) {}

  std::string alternation() {
    std::vector<std::string> options = {sequence()};
    while (take('|')) options.push_back(sequence());
    return random_.pick(options);
  }

 private:
  std::string sequence() {
    std::string out;
    while (!rest_.empty() && rest_[0] != '|' && rest_[0] != ')') out += repeated();
    return out;
  }

  // An atom is read once per repetition, each time with other choices.
  std::string repeated() {
    const std::string_view start = rest_;
    std::string first = atom();
    const std::size_t count = repetitions();
    const std::string_view after = rest_;
    std::string out;
    for (std::size_t i = 0; i < count; ++i) {
      rest_ = start;
      out += i == 0 ? first : atom();
    }
    rest_ = after;
    return out;
  }

  std::size_t repetitions() {
    std::size_t count = 1;
    if (take('*')) {
      count = random_.below(4);
    } else if (take('+')) {
      count = 1 + random_.below(3);
    } else if (take('?')) {
      count = random_.below(2);
    } else if (rest_.starts_with('{') && rest_.size() > 1 && is_digit(rest_[1])) {
      rest_.remove_prefix(1);
      count = number();
      if (take(',')) count = std::max(count, is_digit(rest_[0]) ? number() : count + 2);
      take('}');
    } else {
      return 1;
    }
    take('?');  // lazy: the same strings
    return count;
  }

  std::string atom() {
    const char c = rest_[0];
    rest_.remove_prefix(1);
    switch (c) {
      case '(':
        return group();
      case '[':
        return one_of(char_class());
      case '.':
        return one_of("abcxyz019/-");
      case '\\':
        return one_of(escape_set());
      case '^':
      case '$':
        return {};
      default:
        return std::string(1, c);
    }
  }

  std::string group() {
    if (take('?')) {
      const std::size_t end = rest_.find_first_of(":)>");
      const bool flags_only = end != std::string_view::npos && rest_[end] == ')';
      rest_.remove_prefix(std::min(end, rest_.size()));
      if (!rest_.empty() && !flags_only) rest_.remove_prefix(1);
    }
    std::string inner = alternation();
    take(')');
    return inner;
  }

  std::string char_class() {
    const bool negated = take('^');
    std::string members;
    for (bool first = true; !rest_.empty() && (first || rest_[0] != ']'); first = false) {
      add_range(members);
    }
    take(']');
    if (!negated) return members;
    std::string others;
    for (char c = '!'; c <= '~'; ++c) {
      if (!members.contains(c)) others += c;
    }
    return others;
  }

  // One member of a class, or a range of them.
  void add_range(std::string& members) {
    if (take('\\')) {
      members += escape_set();
      return;
    }
    const char low = rest_[0];
    rest_.remove_prefix(1);
    members += low;
    if (rest_.size() < 2 || rest_[0] != '-' || rest_[1] == ']') return;
    for (int c = low + 1; c <= rest_[1]; ++c) members += static_cast<char>(c);
    rest_.remove_prefix(2);
  }

  // What the escape, whose backslash is read, stands for.
  std::string escape_set() {
    if (rest_.empty()) return {};
    const char c = rest_[0];
    rest_.remove_prefix(1);
    switch (c) {
      case 'd':
        return "0123456789";
      case 'D':
        return "abc/-";
      case 'w':
        return "abcXYZ019_";
      case 'W':
        return "/-.~";
      case 's':
        return " \t";
      case 'S':
        return "abc019/";
      case 'A':
      case 'b':
      case 'B':
      case 'z':
        return {};
      default:
        return std::string(1, c);
    }
  }

  std::string one_of(std::string_view members) {
    return members.empty() ? std::string() : std::string(1, random_.pick(members));
  }

  std::size_t number() {
    std::size_t value = 0;
    while (!rest_.empty() && is_digit(rest_[0]) && value < 1000) {
      value = value * 10 + static_cast<std::size_t>(rest_[0] - '0');
      rest_.remove_prefix(1);
    }
    return value;
  }

  bool take(char c) {
    if (!rest_.starts_with(c)) return false;
    rest_.remove_prefix(1);
    return true;
  }

  static bool is_digit(char c) { return c >= '0' && c <= '9'; }

  std::string_view rest_;
  Random& random_;
};

}  // namespace

std::string sample_regex(std::string_view regex, Random& random) {
  return Sampler(regex, random).alternation();
}

}  // namespace smic::test
