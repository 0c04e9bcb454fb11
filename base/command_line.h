// SPDX-License-Identifier: Apache-2.0
// Options in GNU manner (`--emit=ir`, `--emit ir`, `-o FILE`, `--` ends them, `-` is an operand)
// and their help, from one table per command. A table, because parsing and help then cannot
// disagree; our own, because CLI11 costs three seconds a file and its help is not ours to align.
#pragma once

#include <cstddef>
#include <expected>
#include <functional>
#include <iosfwd>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace smic {

// DESIGN §9.
inline constexpr int kDone = 0;
inline constexpr int kWorldFailed = 1;
inline constexpr int kInputHasErrors = 2;
inline constexpr int kWrongUsage = 64;

using Words = std::span<const std::string>;  // of a command line, without the program's own name

using UsageError = std::unexpected<std::string>;  // one line: what is wrong with the command line
using Taken = std::expected<void, std::string>;   // or why a value is refused

struct Option {
  std::string name;   // "--emit", "-o"
  std::string value;  // what its value is called in help; empty = a switch
  std::string help;
  std::function<Taken(const std::string&)> take;  // a switch gets the empty string
  std::function<std::string()> shown;             // the value in force; none = nothing to tell
};

Option flag(std::string name, bool& target, std::string help);
Option text(std::string name, std::string value, std::string& target, std::string help);
Option number(std::string name, std::string value, unsigned& target, unsigned most,
              std::string help);

// Words with commas between them; what was there before is replaced.
Option words(std::string name, std::string value, std::vector<std::string>& target,
             std::string help);

// One of a few words. The words become the value's name in help.
template <class T>
Option choice(std::string name, std::vector<std::pair<std::string, T>> words, T& target,
              std::string help);

struct Syntax {
  std::string command;    // "smic check"
  std::string operands;   // "PATH...", as shown
  std::size_t least = 0;  // how many operands it needs
  std::size_t most = static_cast<std::size_t>(-1);
  std::string about;  // a sentence or a paragraph
  std::vector<Option> options;
  std::string ending;  // examples and exit codes, below the options
};

// The operands, or what is wrong. `--help` wins over everything and gives no operands.
struct Parsed {
  std::vector<std::string> operands;
  bool help = false;
};
std::expected<Parsed, std::string> parse(const Syntax& syntax, Words words);

std::string help_of(const Syntax& syntax);

// What is in force, by the options' names without their dashes, for a daemon's log.
std::vector<std::pair<std::string, std::string>> in_force(const Syntax& syntax);

// What every command does first: parses, and if that is already the end (help, or a mistake) says
// so and gives the exit code.
struct Start {
  std::vector<std::string> operands;
  std::optional<int> exit_code;
};
Start start(const Syntax& syntax, Words words, std::ostream& out, std::ostream& err);

// Exit code 64 with a one-line reason.
int wrong_usage(const Syntax& syntax, std::string_view reason, std::ostream& err);

// ---- behind choice() --------------------------------------------------------------------------

std::string join_words(const std::vector<std::string>& words, std::string_view separator);
std::string not_one_of(const std::string& given, const std::vector<std::string>& words);

template <class T>
Option choice(std::string name, std::vector<std::pair<std::string, T>> words, T& target,
              std::string help) {
  std::vector<std::string> names;
  for (const auto& [word, value] : words) names.push_back(word);
  std::string shown = join_words(names, "|");
  auto show = [words, &target]() -> std::string {
    for (const auto& [word, value] : words) {
      if (value == target) return word;
    }
    return {};
  };
  auto take = [words = std::move(words), names = std::move(names),
               &target](const std::string& given) -> Taken {
    for (const auto& [word, value] : words) {
      if (word == given) {
        target = value;
        return {};
      }
    }
    return UsageError(not_one_of(given, names));
  };
  return {std::move(name), std::move(shown), std::move(help), std::move(take), std::move(show)};
}

}  // namespace smic
