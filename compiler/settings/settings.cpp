// SPDX-License-Identifier: Apache-2.0
// Tested by settings_test.cpp.
#include "compiler/settings/settings.h"

#include <algorithm>
#include <map>

#include "base/did_you_mean.h"
#include "compiler/resources/documents.h"
#include "compiler/resources/fields.h"

namespace smic::settings {
namespace {

using resources::Node;
using resources::NodeKind;
using resources::quote;

constexpr std::string_view kHelpOfKeys = "keys are options without their dashes";

// The file that names the file would be a riddle.
bool may_stand_in_a_file(const Option& option) {
  return option.name.starts_with("--") && option.name != "--config";
}

class Reader {
 public:
  Reader(const Syntax& syntax, Diagnostics& diagnostics)
      : syntax_(syntax), diagnostics_(diagnostics) {}

  void read(const Node& root) {
    if (root.kind == NodeKind::null) return;
    if (root.kind != NodeKind::mapping) {
      diagnostics_.report("E70", root.span, "settings are a mapping, `option: value`");
      return;
    }
    for (const resources::Entry& entry : root.entries) setting(*entry.key, *entry.value);
  }

 private:
  void setting(const Node& key, const Node& value) {
    const Option* option = find(key);
    if (option == nullptr) return;
    const auto [before, fresh] = seen_.try_emplace(std::string(key.text), key.span);
    if (!fresh) {
      diagnostics_.report("E56", key.span, "`" + before->first + "` is set twice")
          .notes.push_back({before->second, "here before"});
      return;
    }
    if (value.kind == NodeKind::null) return;  // as if it was not written
    const std::optional<std::string> word = word_of(*option, value);
    if (!word) return;
    if (option->value.empty() && *word == "false") return;
    if (const Taken taken = option->take(option->value.empty() ? "" : *word); !taken) {
      refuse(key, value, taken.error());
    }
  }

  const Option* find(const Node& key) {
    std::vector<std::string> names;
    for (const Option& option : syntax_.options) {
      if (!may_stand_in_a_file(option)) continue;
      if (std::string_view(option.name).substr(2) == key.text) return &option;
      names.push_back(option.name.substr(2));
    }
    std::string help = suggest(key.text, names);
    if (help.empty()) help = kHelpOfKeys;
    diagnostics_.report("E70", key.span, quote(key.text) + " is no setting of " + syntax_.command,
                        std::move(help));
    return nullptr;
  }

  // As it would stand on a command line.
  std::optional<std::string> word_of(const Option& option, const Node& value) {
    if (value.kind == NodeKind::scalar) {
      const bool truth = resources::scalar_type(value) == resources::ScalarType::boolean;
      if (option.value.empty()) {
        if (truth) return resources::is_true(value) ? "true" : "false";
        diagnostics_.report("E71", value.span, "`" + option.name.substr(2) + "` is true or false");
        return std::nullopt;
      }
      return std::string(value.text);
    }
    if (value.kind == NodeKind::sequence) return list(option, value);
    diagnostics_.report("E71", value.span, "`" + option.name.substr(2) + "` is no mapping");
    return std::nullopt;
  }

  std::optional<std::string> list(const Option& option, const Node& value) {
    std::vector<std::string> words;
    for (const resources::Entry& entry : value.entries) {
      if (entry.value->kind != NodeKind::scalar || entry.value->text.contains(',')) {
        diagnostics_.report("E71", entry.value->span,
                            "an item of `" + option.name.substr(2) + "` is one word");
        return std::nullopt;
      }
      words.emplace_back(entry.value->text);
    }
    return join_words(words, ",");
  }

  void refuse(const Node& key, const Node& value, const std::string& reason) {
    const Span& span = value.kind == NodeKind::scalar ? value.span : key.span;
    diagnostics_.report("E71", span, "`" + std::string(key.text) + "`: " + reason);
  }

  const Syntax& syntax_;
  Diagnostics& diagnostics_;
  std::map<std::string, Span> seen_;
};

}  // namespace

void take(const Syntax& syntax, const Sources& sources, Diagnostics& diagnostics) {
  Reader reader(syntax, diagnostics);
  for (std::size_t i = 0; i < sources.size(); ++i) {
    resources::read_source(diagnostics, SourceId(static_cast<std::uint32_t>(i)),
                           [&](const Node& root) { reader.read(root); });
  }
}

}  // namespace smic::settings
