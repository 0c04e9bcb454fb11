// SPDX-License-Identifier: Apache-2.0
// Tested by command_line_test.cpp.
#include "base/command_line.h"

#include <algorithm>
#include <charconv>
#include <ostream>

#include "base/did_you_mean.h"

namespace smic {
namespace {

constexpr std::size_t kHelpColumn = 30;

std::vector<std::string> option_names(const Syntax& syntax) {
  std::vector<std::string> names{"--help"};
  for (const Option& option : syntax.options) names.push_back(option.name);
  return names;
}

const Option* find_option(const Syntax& syntax, std::string_view name) {
  const auto found = std::ranges::find(syntax.options, name, &Option::name);
  return found == syntax.options.end() ? nullptr : &*found;
}

std::string suggestion(std::string_view name, const std::vector<std::string>& candidates) {
  const std::string help = suggest(name, candidates);
  return help.empty() ? "" : "; " + help;
}

// "--emit=ir" → "--emit" and "ir". Short options take their value from the next word only.
std::pair<std::string, std::optional<std::string>> cut(const std::string& word) {
  const auto equals = word.find('=');
  if (!word.starts_with("--") || equals == std::string::npos) return {word, std::nullopt};
  return {word.substr(0, equals), word.substr(equals + 1)};
}

// Takes one option and, if it needs one, its value from the words that follow.
Taken take_option(const Syntax& syntax, Words words, std::size_t& at) {
  const auto [name, attached] = cut(words[at]);
  const Option* option = find_option(syntax, name);
  if (option == nullptr) {
    return UsageError("there is no option `" + name + "`" + suggestion(name, option_names(syntax)));
  }
  if (option->value.empty()) {
    if (attached) return UsageError("`" + name + "` takes no value");
    return option->take("");
  }
  if (!attached && at + 1 == words.size()) {
    return UsageError("`" + name + "` needs a value: " + option->value);
  }
  auto taken = option->take(attached ? *attached : words[++at]);
  if (!taken) return UsageError(name + ": " + taken.error());
  return {};
}

std::string invocation(const Syntax& syntax) {
  std::string line = syntax.command;
  if (!syntax.options.empty()) line += " [OPTION]...";
  if (!syntax.operands.empty()) line += " " + syntax.operands;
  return line;
}

// The text in its column; what does not fit beside the name goes below it.
std::string help_row(const std::string& left, const std::string& help) {
  std::string row = "  " + left;
  if (row.size() + 2 > kHelpColumn) {
    row += '\n' + std::string(kHelpColumn, ' ');
  } else {
    row.resize(kHelpColumn, ' ');
  }
  for (char character : help) {
    row += character;
    if (character == '\n') row += std::string(kHelpColumn, ' ');
  }
  while (row.ends_with(' ')) row.pop_back();
  return row + '\n';
}

}  // namespace

std::string join_words(const std::vector<std::string>& words, std::string_view separator) {
  std::string joined;
  for (const std::string& word : words) {
    if (!joined.empty()) joined += separator;
    joined += word;
  }
  return joined;
}

std::string not_one_of(const std::string& given, const std::vector<std::string>& words) {
  return "`" + given + "` is none of " + join_words(words, ", ") + suggestion(given, words);
}

Option flag(std::string name, bool& target, std::string help) {
  return {std::move(name), "", std::move(help),
          [&target](const std::string&) -> Taken {
            target = true;
            return {};
          },
          [&target] { return std::string(target ? "true" : "false"); }};
}

Option text(std::string name, std::string value, std::string& target, std::string help) {
  return {std::move(name), std::move(value), std::move(help),
          [&target](const std::string& given) -> Taken {
            target = given;
            return {};
          },
          [&target] { return target; }};
}

Option number(std::string name, std::string value, unsigned& target, unsigned most,
              std::string help) {
  return {
      std::move(name), std::move(value), std::move(help),
      [&target, most](const std::string& given) -> Taken {
        unsigned parsed = 0;
        const char* end = given.data() + given.size();
        const auto [stopped, error] = std::from_chars(given.data(), end, parsed);
        if (error != std::errc() || stopped != end || parsed > most) {
          return UsageError("`" + given + "` is not a number from 0 to " + std::to_string(most));
        }
        target = parsed;
        return {};
      },
      [&target] { return std::to_string(target); }};
}

Option words(std::string name, std::string value, std::vector<std::string>& target,
             std::string help) {
  return {std::move(name), std::move(value), std::move(help),
          [&target](const std::string& given) -> Taken {
            target.clear();
            for (std::size_t at = 0; at <= given.size();) {
              const std::size_t end = std::min(given.find(',', at), given.size());
              if (end > at) target.push_back(given.substr(at, end - at));
              at = end + 1;
            }
            return {};
          },
          [&target] { return join_words(target, ","); }};
}

std::expected<Parsed, std::string> parse(const Syntax& syntax, Words words) {
  Parsed parsed;
  parsed.help = std::ranges::any_of(
      words, [](const std::string& word) { return word == "--help" || word == "-h"; });
  if (parsed.help) return parsed;
  bool options_ended = false;
  for (std::size_t at = 0; at < words.size(); ++at) {
    const std::string& word = words[at];
    if (options_ended || word == "-" || !word.starts_with('-')) {
      parsed.operands.push_back(word);
    } else if (word == "--") {
      options_ended = true;
    } else if (auto taken = take_option(syntax, words, at); !taken) {
      return UsageError(taken.error());
    }
  }
  if (parsed.operands.size() < syntax.least) {
    return UsageError("it needs " + syntax.operands);
  }
  if (parsed.operands.size() > syntax.most) {
    return UsageError("`" + parsed.operands[syntax.most] + "` is one operand too many");
  }
  return parsed;
}

std::string help_of(const Syntax& syntax) {
  std::string help = "usage: " + invocation(syntax) + "\n\n" + syntax.about + "\n\n";
  help += "options:\n";
  for (const Option& option : syntax.options) {
    const std::string separator = option.name.starts_with("--") ? "=" : " ";
    help += help_row(option.value.empty() ? option.name : option.name + separator + option.value,
                     option.help);
  }
  help += help_row("--help", "this text");
  return syntax.ending.empty() ? help : help + '\n' + syntax.ending + '\n';
}

std::vector<std::pair<std::string, std::string>> in_force(const Syntax& syntax) {
  std::vector<std::pair<std::string, std::string>> values;
  for (const Option& option : syntax.options) {
    if (!option.shown) continue;
    values.emplace_back(option.name.substr(option.name.find_first_not_of('-')), option.shown());
  }
  return values;
}

Start start(const Syntax& syntax, Words words, std::ostream& out, std::ostream& err) {
  auto parsed = parse(syntax, words);
  if (!parsed) return {{}, wrong_usage(syntax, parsed.error(), err)};
  if (parsed->help) {
    out << help_of(syntax);
    return {{}, kDone};
  }
  return {std::move(parsed->operands), std::nullopt};
}

int wrong_usage(const Syntax& syntax, std::string_view reason, std::ostream& err) {
  err << syntax.command << ": " << reason << " (" << syntax.command << " --help)\n";
  return kWrongUsage;
}

}  // namespace smic
