// SPDX-License-Identifier: Apache-2.0
// Tested by verdicts_test.cpp.
#include "controller/status/verdicts.h"

#include <algorithm>
#include <charconv>

#include "compiler/resources/value.h"

namespace smic::status {
namespace {

using resources::Value;

constexpr std::string_view kSuffix = ".json";

std::int64_t number_in(const Value* object, std::string_view name) {
  const Value* value = object == nullptr ? nullptr : object->find(name);
  const auto* number = value == nullptr ? nullptr : value->as<Value::Number>();
  std::int64_t parsed = 0;
  if (number != nullptr) {
    std::from_chars(number->digits.data(), number->digits.data() + number->digits.size(), parsed);
  }
  return parsed;
}

Verdict read_identity(std::string_view text) {
  Verdict verdict;
  const auto root = resources::value_of_json(text);
  if (!root) return verdict;
  const Value* metadata = root->find("metadata");
  verdict.api_version = root->text("apiVersion");
  if (metadata != nullptr) verdict.uid = metadata->text("uid");
  verdict.generation = number_in(metadata, "generation");
  return verdict;
}

std::map<SourceId, std::vector<Finding>> findings_by_source(const Diagnostics& diagnostics) {
  std::map<SourceId, std::vector<Finding>> found;
  for (const Diagnostic& each : diagnostics.sorted()) {
    found[each.span.source].push_back({each.severity, each.code, each.message, each.help});
  }
  for (auto& [source, findings] : found) {
    std::ranges::sort(findings);
    const auto repeated = std::ranges::unique(findings);
    findings.erase(repeated.begin(), repeated.end());
  }
  return found;
}

}  // namespace

ObjectName object_named(std::string_view source) {
  if (!source.ends_with(kSuffix)) return {};
  source.remove_suffix(kSuffix.size());
  const std::size_t first = source.find('/');
  if (first == source.npos) return {};
  const std::string_view rest = source.substr(first + 1);
  const std::size_t second = rest.find('/');
  if (second == rest.npos) return {std::string(source.substr(0, first)), "", std::string(rest)};
  return {std::string(source.substr(0, first)), std::string(rest.substr(0, second)),
          std::string(rest.substr(second + 1))};
}

std::set<ObjectName> Verdicts::update(const Diagnostics& diagnostics, std::uint64_t version) {
  ++round_;
  std::set<ObjectName> changed;
  auto found = findings_by_source(diagnostics);
  const Sources& sources = diagnostics.sources();
  for (std::size_t i = 0; i < sources.size(); ++i) {
    const SourceId id{i};
    ObjectName name = object_named(sources.name(id));
    if (name.kind.empty()) continue;
    auto known = seen_.find(sources.name(id));
    if (known == seen_.end()) known = seen_.emplace(sources.name(id), Seen{}).first;
    const bool edited = known->second.round == 0 || known->second.text != sources.text(id);
    known->second.round = round_;
    std::vector<Finding>& findings = found[id];
    Verdict& verdict = verdicts_[name];
    if (!edited && verdict.findings == findings) continue;
    if (edited) {
      known->second.text = sources.text(id);
      Verdict fresh = read_identity(sources.text(id));
      fresh.version = version;
      if (fresh.uid == verdict.uid && fresh.generation == verdict.generation) {
        fresh.version = verdict.version;
      }
      verdict = std::move(fresh);
    }
    verdict.findings = std::move(findings);
    changed.insert(std::move(name));
  }
  std::erase_if(seen_, [&](const auto& each) {
    if (each.second.round == round_) return false;
    const ObjectName name = object_named(each.first);
    verdicts_.erase(name);
    changed.insert(name);
    return true;
  });
  return changed;
}

const Verdict* Verdicts::find(const ObjectName& name) const {
  const auto found = verdicts_.find(name);
  return found == verdicts_.end() ? nullptr : &found->second;
}

}  // namespace smic::status
