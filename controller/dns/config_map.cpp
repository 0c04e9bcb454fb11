// SPDX-License-Identifier: Apache-2.0
// A block text's lines are the value's lines, indented; so an edit of whole lines is one of the
// manifest's lines. In double quotes a value's byte is a stretch of the line. Either way only what
// differs between the old value and the new one is written, and the whole is read again: the YAML
// reader is the judge of whether the form was understood. Tested by config_map_test.cpp.
#include "controller/dns/config_map.h"

#include <algorithm>

#include "base/log.h"
#include "compiler/resources/documents.h"
#include "compiler/resources/resources.h"
#include "controller/dns/lines.h"

namespace smic::dns_stub {
namespace {

using Lines = std::vector<std::string_view>;

// Of a value within a manifest: itself, and the places of key and value.
struct Found {
  std::string value;
  Span key;
  Span span;
};

std::optional<Found> find_in(const resources::Document& document, std::string_view key) {
  resources::TreeBuilder builder(document.text);
  if (document.text.starts_with('{')) {
    resources::read_json(document, builder);
  } else {
    resources::read_yaml(document, builder);
  }
  const resources::Node* root = builder.root();
  const resources::Node* kind = root ? resources::find(*root, "kind") : nullptr;
  const resources::Node* data = root ? resources::find(*root, "data") : nullptr;
  if (kind == nullptr || kind->text != "ConfigMap" || data == nullptr) return std::nullopt;
  for (const resources::Entry& entry : data->entries) {
    if (entry.key == nullptr || entry.key->text != key) continue;
    if (entry.value->kind != resources::NodeKind::scalar) return std::nullopt;
    return Found{std::string(entry.value->text), entry.key->span, entry.value->span};
  }
  return std::nullopt;
}

std::optional<Found> find(const Sources& sources, SourceId manifest, std::string_view key) {
  for (const resources::Document& document : resources::split_documents(sources, manifest)) {
    if (resources::check_text(document)) continue;
    if (auto found = find_in(document, key)) return found;
  }
  return std::nullopt;
}

// ---- two forms ----------------------------------------------------------------------------------

// `Corefile: |` and its lines, of which those that differ are exchanged.
std::optional<std::string> exchange_lines(const Sources& sources, const Found& found,
                                          std::string_view value) {
  const std::string_view text = sources.text(found.key.source);
  Lines file = lines_of(text);
  const std::string_view header = file[found.key.line - 1];
  if (header.find('|', found.key.column) == std::string_view::npos) return std::nullopt;
  const Lines before = lines_of(found.value), after = lines_of(value);
  const auto [first, first_after] = std::ranges::mismatch(before, after);
  auto last = before.end();
  auto last_after = after.end();
  while (last != first && last_after != first_after && *(last - 1) == *(last_after - 1)) {
    --last;
    --last_after;
  }
  const std::size_t at = found.key.line + static_cast<std::size_t>(first - before.begin());
  const std::size_t gone = static_cast<std::size_t>(last - first);
  if (found.key.line >= file.size() || at + gone > file.size()) return std::nullopt;
  // The first line that is not empty tells how deep all stand.
  const auto deep = std::find_if(file.begin() + found.key.line, file.end(), [](auto line) {
    return line.find_first_not_of(" \r\n") != std::string_view::npos;
  });
  if (deep == file.end()) return std::nullopt;
  const std::size_t indent = deep->find_first_not_of(' ');

  std::string out;
  for (std::size_t i = 0; i < at; ++i) out += file[i];
  for (auto line = first_after; line != last_after; ++line) {
    if (*line != "\n") out += std::string(indent, ' ');
    out += *line;
  }
  for (std::size_t i = at + gone; i < file.size(); ++i) out += file[i];
  return out;
}

// `"Corefile": ".:53 {\n …"`: the stretch that differs is exchanged, escaped as JSON has it.
std::optional<std::string> exchange_stretch(const Sources& sources, const Found& found,
                                            std::string_view value) {
  const std::string_view before = found.value;
  const auto same = std::ranges::mismatch(before, value).in1 - before.begin();
  const std::size_t begin = static_cast<std::size_t>(same);
  std::size_t end = before.size(), end_after = value.size();
  while (end > begin && end_after > begin && before[end - 1] == value[end_after - 1]) {
    --end;
    --end_after;
  }
  const Located<std::string> located{found.value, found.span};
  const Span from = resources::inside(sources, located, 0, begin);
  const Span to = resources::inside(sources, located, 0, end);
  const std::string_view text = sources.text(found.span.source);
  std::size_t line = 0;
  for (std::uint32_t number = 1; number < found.span.line; ++number)
    line = text.find('\n', line) + 1;
  const std::size_t start = line + found.span.column - 1;
  if (start == 0 || text[start - 1] != '"') return std::nullopt;
  std::string out(text);
  const std::size_t first = start + (begin == 0 ? 0 : from.length);
  const std::size_t last = start + (end == 0 ? 0 : to.length);
  return out.replace(first, last - first, json_escape(value.substr(begin, end_after - begin)));
}

bool reads_back(const std::string& manifest, std::string_view key, std::string_view value) {
  Sources sources;
  const auto found = find(sources, sources.add("manifest", manifest), key);
  return found && found->value == value;
}

}  // namespace

bool is_manifest(std::string_view text) {
  return text.find("apiVersion") != std::string_view::npos &&
         text.find("ConfigMap") != std::string_view::npos;
}

std::optional<std::string> read_value(const Sources& sources, SourceId manifest,
                                      std::string_view key, Diagnostics& diagnostics) {
  auto found = find(sources, manifest, key);
  if (found) return std::move(found->value);
  diagnostics.report("E80", {manifest},
                     "there is no ConfigMap with `" + std::string(key) + "` in its data");
  return std::nullopt;
}

std::optional<std::string> write_value(const Sources& sources, SourceId manifest,
                                       std::string_view key, std::string_view value,
                                       Diagnostics& diagnostics) {
  const auto found = find(sources, manifest, key);
  if (!found) {
    read_value(sources, manifest, key, diagnostics);
    return std::nullopt;
  }
  if (found->value == value) return std::string(sources.text(manifest));
  for (const auto exchange : {exchange_lines, exchange_stretch}) {
    auto edited = exchange(sources, *found, value);
    if (edited && reads_back(*edited, key, value)) return edited;
  }
  diagnostics.report("E81", found->key, "the text is written in a form that is not edited here",
                     "write it as a block, `" + std::string(key) + ": |`, or in double quotes");
  return std::nullopt;
}

}  // namespace smic::dns_stub
